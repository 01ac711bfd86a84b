internal import ArrayIO
internal import EXDF
internal import HDF5
internal import Reports
internal import RunArrays
internal import Threads

/// What `stat` says of a node.
public struct TreeAttributes: Sendable {
  public var kind: EntryKind
  /// In bytes; of a link the length of its target.
  public var size: Int
  /// False while a report is being made: its size is 0 until then.
  public var isFinal = true
  public var linkCount: Int
  public var modified: RunTree.Time
}

extension RunTree {
  /// The attributes of a node. Exact sizes, computed from counts and types; no array is read for them.
  /// - Throws: ``TreeError/notFound(reason:)`` for a number that is no node's.
  public func attributes(of node: Node) throws(TreeError) -> TreeAttributes {
    try check(node)
    let kind = kind(of: node)
    switch kind {
    case .directory:
      return TreeAttributes(kind: kind, size: 0, linkCount: try linkCount(of: node), modified: modified(node))
    case .symbolicLink:
      return TreeAttributes(kind: kind, size: try target(of: node).utf8.count, linkCount: 1, modified: modified(node))
    case .file:
      if let size = reportSize(node) {
        // Never final: the next opening may find the files changed.
        return TreeAttributes(kind: kind, size: size, isFinal: false, linkCount: 1, modified: modified(node))
      }
      let size = try size(of: node)
      return TreeAttributes(
        kind: kind, size: size ?? 0, isFinal: size != nil, linkCount: 1, modified: modified(node))
    }
  }

  /// nil while it is not known.
  private func size(of node: Node) throws(TreeError) -> Int? {
    if let text = madeText(node) { return try text.size() }
    if let description = try arrayDescription(of: node) { return description.header.count + description.dataSize }
    return try reading { () throws(ReadError) in
      try texts.size(of: node) { () throws(ReadError) in try text(of: node) }
    }
  }

  /// What a `.npy` node holds; nil for a text.
  func arrayDescription(of node: Node) throws(TreeError) -> ArrayDescription? {
    switch node {
    case .rootFile(.trainIDs): return TrainIDArray(of: run).description
    case .keyFile(let source, let key, .array):
      return try make(source, key) { arrays, source throws(ReadError) in
        try arrays.description(ofKey: key, of: source)
      }
    case .keyFile(let source, let key, .trainIDs):
      guard try isValid(source: source, key: key) else { throw .notFound(reason: nil) }
      return TrainIDArray(of: try index(source, key), in: run).description
    case .keyTrain(let source, let key, let train), .trainKey(let train, let source, let key):
      guard try isValid(source: source, key: key, train: train) else { throw .notFound(reason: nil) }
      let description = try make(source, key) { arrays, source throws(ReadError) in
        try arrays.description(ofKey: key, of: source, train: train)
      }
      guard let description else { throw .notFound(reason: nil) }
      return description
    case .detector(let place): return try detectorDescription(place)
    case .slice(let number):
      guard let entry = slices[number] else { throw .notFound(reason: nil) }
      return try array(of: entry).description
    default: return nil
    }
  }

  private func linkCount(of node: Node) throws(TreeError) -> Int {
    // "." and the name in the parent, and the ".." of each directory in it.
    switch node {
    case .root: return 2 + 5
    case .sources: return 2 + subdirectories(of: 0)
    case .sourcePath(let path):
      guard path < paths.directories.count else { throw .notFound(reason: nil) }
      return 2 + subdirectories(of: path) + (paths.directories[path].source == nil ? 0 : 1)
    case .train: return 2 + subdirectories(of: 0)
    case .trainPath(_, let path):
      guard path < paths.directories.count else { throw .notFound(reason: nil) }
      return 2 + subdirectories(of: path)
    case .source: return 3
    case .keys(let source): return 2 + (try keys(of: source).count)
    case .key(let source, let key):
      guard try isValid(source: source, key: key) else { throw .notFound(reason: nil) }
      return try hasArray(source, key) ? 3 : 2
    case .detector(let place): return try detectorLinkCount(place)
    case .trains: return 2 + run.trainIDs.count
    default: return 2
    }
  }

  private func subdirectories(of path: Int) -> Int {
    paths.directories[path].children.count { child in
      if case .source(let source) = child.target { return run.sources[source].legacyTarget == nil }
      return true
    }
  }

  /// That of the HDF5 files behind a file, and of the newest file of the run for a directory of several sources: known without opening
  /// any, and the same for the life of the mount (TREE.md).
  private func modified(_ node: Node) -> Time {
    switch node {
    case .source(let source), .sourceFile(let source, _), .keys(let source), .key(let source, _),
      .keyFile(let source, _, _), .keyTrains(let source, _), .keyTrain(let source, _, _), .trainKey(_, let source, _),
      .trainSource(_, let source):
      return source < run.sources.count ? modified(files: run.sources[source].files) : modified
    case .detector(let place): return detectorModified(place)
    case .export(let place): return modified(export: place)
    case .fileLink(let file), .fileReport(let file):
      let path = file < fileLinks.count ? fileLinks[file].path : ""
      return run.files.first { $0.reference.path == path }.map { Time($0.reference.identity) } ?? modified
    default: return modified
    }
  }

  func modified(files: [Int]) -> Time {
    files.map { Time(run.files[$0].reference.identity) }.max() ?? modified
  }

  /// Where a link leads.
  /// - Throws: ``TreeError/notALink``.
  public func target(of node: Node) throws(TreeError) -> String {
    try check(node)
    switch node {
    case .fileLink(let file):
      guard file < fileLinks.count else { throw .notFound(reason: nil) }
      return fileLinks[file].path
    case .source(let source), .trainSource(_, let source):
      guard source < run.sources.count, let target = run.sources[source].legacyTarget,
        let names = SourcePaths.components(of: target), let own = SourcePaths.components(of: run.sources[source].name)
      else { throw .notALink }
      return (Array(repeating: "..", count: own.count - 1) + names).joined(separator: "/")
    default: throw .notALink
    }
  }
}
