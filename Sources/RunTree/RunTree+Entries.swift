internal import EXDF

/// One name in a directory.
public struct TreeEntry: Sendable {
  public var name: String
  public var node: Node
  public var kind: EntryKind

  public init(name: String, node: Node, kind: EntryKind) {
    self.name = name
    self.node = node
    self.kind = kind
  }
}

extension RunTree {
  /// Goes through the entries of a directory.
  ///
  /// - Parameters:
  ///   - cookie: where to go on: 0 at first, then what came with the last entry that was taken.
  ///   - take: given each entry and the cookie of the place behind it; false stops.
  /// - Throws: ``TreeError/notADirectory``.
  public func entries(
    of directory: Node, from cookie: Int, _ take: (TreeEntry, Int) -> Bool
  ) throws(TreeError) {
    try check(directory)
    if directory == .root { startTables() }
    switch directory {
    case .trains:
      list(run.trainIDs.count, from: cookie, take) { ("\(run.trainIDs[$0])", .train($0)) }
    case .keyTrains(let source, let key): try listTrains(source, key, from: cookie, take)
    case .files: list(fileLinks.count, from: cookie, take) { (fileLinks[$0].name, .fileLink($0)) }
    case .keys(let source):
      let keys = try keys(of: source)
      list(keys.count, from: cookie, take) { (FileNames.encode(keys[$0].name), .key(source: source, key: $0)) }
    case .trainSource(let train, let source): try listKeys(train, source, from: cookie, take)
    case .detector(let place): try detectorEntries(of: place, from: cookie, take)
    default:
      let entries = try shortList(directory)
      list(entries.count, from: cookie, take) { entries[$0] }
    }
  }

  private func list(
    _ count: Int, from cookie: Int, _ take: (TreeEntry, Int) -> Bool, _ entry: (Int) -> (String, Node)
  ) {
    guard cookie >= 0, cookie < count else { return }
    for index in cookie..<count {
      let (name, node) = entry(index)
      guard name.utf8.count <= FileNames.longest else { continue }
      guard take(TreeEntry(name: name, node: node, kind: kind(of: node)), index + 1) else { return }
    }
  }

  /// The trains in which a key has data; the cookie is a position in the run.
  private func listTrains(
    _ source: Int, _ key: Int, from cookie: Int, _ take: (TreeEntry, Int) -> Bool
  ) throws(TreeError) {
    guard try isValid(source: source, key: key) else { return }
    let index = try wholeIndex(source, key)
    var next = index.nextTrain(from: cookie)
    while let train = next {
      let node = Node.keyTrain(source: source, key: key, train: train)
      let entry = TreeEntry(name: "\(run.trainIDs[train]).npy", node: node, kind: .file)
      guard take(entry, train + 1) else { return }
      next = index.nextTrain(from: train + 1)
    }
  }

  /// The keys of a source that have data in a train; the cookie is a position among its keys.
  private func listKeys(
    _ train: Int, _ source: Int, from cookie: Int, _ take: (TreeEntry, Int) -> Bool
  ) throws(TreeError) {
    let keys = try keys(of: source)
    guard cookie >= 0, cookie < keys.count else { return }
    for key in cookie..<keys.count {
      guard try hasArray(source, key), try hasData(source, key, train) else { continue }
      let name = FileNames.encode(keys[key].name) + ".npy"
      guard name.utf8.count <= FileNames.longest else { continue }
      let node = Node.trainKey(train: train, source: source, key: key)
      guard take(TreeEntry(name: name, node: node, kind: .file), key + 1) else { return }
    }
  }

  /// Directories of a handful of names.
  private func shortList(_ directory: Node) throws(TreeError) -> [(String, Node)] {
    switch directory {
    case .root:
      return RootFile.allCases.map { ($0.name, .rootFile($0)) }
        + [
          ("files", .files), ("sources", .sources), ("trains", .trains), ("detectors", .detector(.top)),
          ("export", .export(.top)),
        ]
    case .export(.top): return exports
    case .sources: return pathList(0) { sourceTarget($0) }
    case .sourcePath(let path):
      return Self.merge(paths.directories[path].source.map(sourceList) ?? [], pathList(path) { sourceTarget($0) })
    case .source(let source): return sourceList(source)
    case .key(let source, let key): return try keyList(source, key)
    case .train(let train): return pathList(0) { trainTarget($0, train) }
    case .trainPath(let train, let path):
      var own: [(String, Node)] = []
      if let source = paths.directories[path].source {
        try listKeys(train, source, from: 0) { entry, _ in
          own.append((entry.name, entry.node))
          return true
        }
      }
      return Self.merge(own, pathList(path) { trainTarget($0, train) })
    default: throw .notADirectory
    }
  }

  /// What a source has of its own hides what another, longer name would have there, as it does in a lookup.
  private static func merge(_ own: [(String, Node)], _ others: [(String, Node)]) -> [(String, Node)] {
    guard !own.isEmpty else { return others }
    let names = Set(own.map(\.0))
    return own + others.filter { !names.contains($0.0) }
  }

  private func pathList(_ path: Int, _ node: (SourcePaths.Target) -> Node) -> [(String, Node)] {
    guard path < paths.directories.count else { return [] }
    return paths.directories[path].children.map { ($0.name, node($0.target)) }
  }

  private func sourceTarget(_ target: SourcePaths.Target) -> Node {
    switch target {
    case .directory(let path): .sourcePath(path)
    case .source(let source): .source(source)
    }
  }

  private func trainTarget(_ target: SourcePaths.Target, _ train: Int) -> Node {
    switch target {
    case .directory(let path): .trainPath(train: train, path: path)
    case .source(let source): .trainSource(train: train, source: source)
    }
  }

  private func sourceList(_ source: Int) -> [(String, Node)] {
    sourceFiles(source).map { ($0.name, .sourceFile(source, $0)) } + [("keys", .keys(source))]
  }

  private func keyList(_ source: Int, _ key: Int) throws(TreeError) -> [(String, Node)] {
    guard try isValid(source: source, key: key) else { return [] }
    var list: [(String, Node)] = try keyFiles(source, key).map { ($0.name, .keyFile(source: source, key: key, $0)) }
    if try hasArray(source, key) { list.append(("trains", .keyTrains(source: source, key: key))) }
    return list
  }

  /// The files in a source's directory.
  func sourceFiles(_ source: Int) -> [SourceFile] {
    guard source < run.sources.count else { return [] }
    return run.sources[source].kind == .control ? [.info, .counts, .table, .runValues] : [.info, .counts, .table]
  }

  /// The files in a key's directory.
  func keyFiles(_ source: Int, _ key: Int) throws(TreeError) -> [KeyFile] {
    var files: [KeyFile] = [.info]
    if try hasArray(source, key) { files.append(.array) }
    files += [.trainIDs, .counts]
    if try hasValues(source, key) { files.append(.values) }
    return files
  }
}
