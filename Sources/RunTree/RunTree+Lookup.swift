internal import EXDF
internal import NPY

extension RunTree {
  /// The node of that name in a directory.
  ///
  /// A slice that is returned counts as used until ``forget(_:count:)``.
  /// - Throws: ``TreeError/notFound(reason:)``, or ``TreeError/notADirectory``.
  public func lookup(_ name: String, in directory: Node) throws(TreeError) -> Node {
    try check(directory)
    if let node = try listedNode(name, in: directory) { return node }
    if let node = try slicedNode(name, in: directory) { return node }
    throw .notFound(reason: nil)
  }

  /// Uses of a node that the kernel gives back. Only slices are counted.
  public func forget(_ node: Node, count: UInt64) {
    if case .slice(let number) = node { slices.forget(number, count: count) }
  }

  private func listedNode(_ name: String, in directory: Node) throws(TreeError) -> Node? {
    switch directory {
    case .root: return rootNode(name)
    case .files:
      if let link = fileLinks.firstIndex(where: { $0.name == name }) { return .fileLink(link) }
      guard name.hasSuffix(Self.fileReportSuffix) else { return nil }
      let file = name.dropLast(Self.fileReportSuffix.count)
      return fileLinks.firstIndex { $0.name == file }.map { .fileReport($0) }
    case .sources: return sourceNode(paths.child(name, of: 0))
    case .sourcePath(let path):
      if let source = paths.directories[path].source, let own = sourceChild(name, source) { return own }
      return sourceNode(paths.child(name, of: path))
    case .source(let source): return sourceChild(name, source)
    case .keys(let source): return try keyNumber(name, of: source).map { .key(source: source, key: $0) }
    case .key(let source, let key): return try keyChild(name, source, key)
    case .keyTrains(let source, let key):
      guard let train = trainPosition(Self.stem(name)), try hasData(source, key, train) else { return nil }
      return .keyTrain(source: source, key: key, train: train)
    case .trains: return trainPosition(name).map { .train($0) }
    case .train(let train): return trainNode(paths.child(name, of: 0), train)
    case .trainPath(let train, let path):
      if let source = paths.directories[path].source, let own = try trainChild(name, train, source) { return own }
      return trainNode(paths.child(name, of: path), train)
    case .trainSource(let train, let source): return try trainChild(name, train, source)
    case .export(.top): return exports.first { $0.0 == name }?.1
    case .export: throw .notADirectory
    case .detector(let place): return try detectorChild(name, of: place).map { .detector($0) }
    case .rootFile, .fileLink, .fileReport, .sourceFile, .keyFile, .keyTrain, .trainKey, .slice: throw .notADirectory
    }
  }

  private func rootNode(_ name: String) -> Node? {
    switch name {
    case "files": .files
    case "sources": .sources
    case "trains": .trains
    case "detectors": .detector(.top)
    case "export": .export(.top)
    default: RootFile.allCases.first { $0.name == name }.map { .rootFile($0) }
    }
  }

  private func sourceNode(_ target: SourcePaths.Target?) -> Node? {
    switch target {
    case .directory(let path)?: .sourcePath(path)
    case .source(let source)?: .source(source)
    case nil: nil
    }
  }

  private func trainNode(_ target: SourcePaths.Target?, _ train: Int) -> Node? {
    switch target {
    case .directory(let path)?: .trainPath(train: train, path: path)
    case .source(let source)?: .trainSource(train: train, source: source)
    case nil: nil
    }
  }

  private func sourceChild(_ name: String, _ source: Int) -> Node? {
    if name == "keys" { return .keys(source) }
    return sourceFiles(source).first { $0.name == name }.map { .sourceFile(source, $0) }
  }

  private func keyChild(_ name: String, _ source: Int, _ key: Int) throws(TreeError) -> Node? {
    guard try isValid(source: source, key: key) else { return nil }
    if name == "trains" { return try hasArray(source, key) ? .keyTrains(source: source, key: key) : nil }
    return try keyFiles(source, key).first { $0.name == name }.map { .keyFile(source: source, key: key, $0) }
  }

  private func trainChild(_ name: String, _ train: Int, _ source: Int) throws(TreeError) -> Node? {
    guard let stem = Self.stem(name), let key = try keyNumber(String(stem), of: source), try hasArray(source, key),
      try hasData(source, key, train)
    else { return nil }
    return .trainKey(train: train, source: source, key: key)
  }

  func hasData(_ source: Int, _ key: Int, _ train: Int) throws(TreeError) -> Bool {
    guard try isValid(source: source, key: key, train: train) else { return false }
    return try wholeIndex(source, key).location(ofTrain: train) != nil
  }

  /// The name without its `.npy`.
  static func stem(_ name: String) -> Substring? { name.hasSuffix(".npy") ? name.dropLast(4) : nil }

  /// The position of a train from its id as the tree writes it: digits only, no zeros before them.
  func trainPosition(_ text: (some StringProtocol)?) -> Int? {
    guard let text, let train = UInt64(text), String(train) == text else { return nil }
    return run.position(ofTrain: train)
  }

  // MARK: - Names that are not listed

  private func slicedNode(_ name: String, in directory: Node) throws(TreeError) -> Node? {
    guard let stem = Self.stem(name) else { return nil }
    // The last @: a key's own name may have one.
    let at = stem.lastIndex(of: "@")
    let baseName = at.map { stem[..<$0] } ?? stem
    guard let base = try base(String(baseName), in: directory, isSliced: at != nil) else { return nil }
    var slice: Slice?
    do throws(Slice.Invalid) {
      if let at { slice = try Slice(stem[stem.index(after: at)...]) }
    } catch {
      throw .notFound(reason: "\(name): \(error)")
    }
    let entry = SliceTable.Entry(base: base, slice: slice)
    do throws(TreeError) {
      _ = try array(of: entry)
    } catch {
      // It does not fit.
      if case .notFound(let reason?) = error { throw .notFound(reason: "\(name): \(reason)") }
      throw error
    }
    return .slice(slices.intern(entry))
  }

  /// What stands before the `@`: a listed `.npy`, or a range of trains.
  private func base(_ name: String, in directory: Node, isSliced: Bool) throws(TreeError) -> SliceTable.Base? {
    if isSliced, let listed = try listedNode(name + ".npy", in: directory) { return .node(listed) }
    let make: (Range<Int>) -> SliceTable.Base
    switch directory {
    case .keyTrains(let source, let key): make = { .trains(source: source, key: key, $0) }
    case .detector(.trains(let detector, let key)): make = { .detectorTrains(detector, key: key, $0) }
    default: return nil
    }
    guard let colon = name.firstIndex(of: ":") else { return nil }
    func bound(_ text: Substring, default position: Int) -> Int? {
      if text.isEmpty { return position }
      return UInt64(text).flatMap { String($0) == text ? run.firstPosition(notBelow: $0) : nil }
    }
    guard let first = bound(name[..<colon], default: 0),
      let end = bound(name[name.index(after: colon)...], default: run.trainIDs.count)
    else { throw .notFound(reason: "'\(name)' is not a range of train ids") }
    return make(first..<max(first, end))
  }
}
