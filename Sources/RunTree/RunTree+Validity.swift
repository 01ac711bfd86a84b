internal import EXDF

extension RunTree {
  /// Refuses a node that no walk from the root can have led to: numbers of the kernel are trusted no more than files.
  func check(_ node: Node) throws(TreeError) {
    guard try isNode(node) else { throw .notFound(reason: nil) }
  }

  private func isNode(_ node: Node) throws(TreeError) -> Bool {
    switch node {
    case .root, .rootFile, .files, .sources, .trains: true
    case .fileLink(let file), .fileReport(let file): file < fileLinks.count
    case .sourcePath(let path): isValid(path: path)
    case .source(let source), .keys(let source): source < run.sources.count
    case .sourceFile(let source, let file): source < run.sources.count && sourceFiles(source).contains(file)
    case .key(let source, let key), .keyFile(let source, let key, _): try isValid(source: source, key: key)
    case .keyTrains(let source, let key): try isValid(source: source, key: key) ? try hasArray(source, key) : false
    case .keyTrain(let source, let key, let train), .trainKey(let train, let source, let key):
      try isValid(source: source, key: key, train: train)
    case .train(let train): train < run.trainIDs.count
    case .trainPath(let train, let path): train < run.trainIDs.count && isValid(path: path)
    case .trainSource(let train, let source): source < run.sources.count && train < run.trainIDs.count
    case .detector(let place): try isNode(place)
    case .export(.cxi(let detector)): detector < detectors.all.count
    case .export: true
    case .slice(let number): slices[number] != nil
    }
  }

  private func isNode(_ place: DetectorNode) throws(TreeError) -> Bool {
    guard let number = place.detector else { return true }
    guard number < detectors.all.count, place.train.map({ $0 < run.trainIDs.count }) ?? true else { return false }
    let detector = detectors.all[number]
    if case .file(_, let file) = place { return try detectorFiles(detector).contains(file) }
    guard let key = place.key else { return true }
    guard try isListed(key, of: detector) else { return false }
    switch place {
    case .frames, .frameTrain, .frame: return try hasFrames(try detectorKey(key, of: detector), of: detector)
    default: return true
    }
  }

  /// The top has a node of its own.
  private func isValid(path: Int) -> Bool { path > 0 && path < paths.directories.count }
}
