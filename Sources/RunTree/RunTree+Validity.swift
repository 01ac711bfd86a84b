internal import EXDF

extension RunTree {
  /// Refuses a node that no walk from the root can have led to: numbers of the kernel are trusted no more than files.
  func check(_ node: Node) throws(TreeError) {
    guard isNode(node) else { throw .notFound(reason: nil) }
  }

  private func isNode(_ node: Node) -> Bool {
    switch node {
    case .root, .rootFile, .files, .sources, .trains: true
    case .fileLink(let file), .fileReport(let file): file < fileLinks.count
    case .sourcePath(let path): isValid(path: path)
    case .source(let source), .keys(let source): isValid(source: source)
    case .sourceFile(let source, let file): isValid(source: source) && sourceFiles(source).contains(file)
    case .key(let source, let key), .keyFile(let source, let key, _): isValid(source: source, key: key)
    case .keyTrains(let source, let key): isValid(source: source, key: key) && hasArray(source, key)
    case .keyTrain(let source, let key, let train), .trainKey(let train, let source, let key):
      isValid(source: source, key: key, train: train)
    case .train(let train): train < run.trainIDs.count
    case .trainPath(let train, let path): train < run.trainIDs.count && isValid(path: path)
    case .trainSource(let train, let source): isValid(source: source, train: train)
    case .detector(let place): isNode(place)
    case .export(.cxi(let detector)): detector < detectors.all.count
    case .export: true
    case .slice(let number): slices[number] != nil
    }
  }

  private func isNode(_ place: DetectorNode) -> Bool {
    guard let number = place.detector else { return true }
    guard number < detectors.all.count, place.train.map({ $0 < run.trainIDs.count }) ?? true else { return false }
    let detector = detectors.all[number]
    if case .file(_, let file) = place { return detectorFiles(detector).contains(file) }
    guard let key = place.key else { return true }
    guard isListed(key, of: detector) else { return false }
    switch place {
    case .frames, .frameTrain, .frame: return hasFrames(detector.keys[key], of: detector)
    default: return true
    }
  }

  /// The top has a node of its own.
  private func isValid(path: Int) -> Bool { path > 0 && path < paths.directories.count }
}
