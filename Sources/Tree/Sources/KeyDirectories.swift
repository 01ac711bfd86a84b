internal import ArrayIO
internal import EXDF

/// `keys/` of a source.
final class KeysDirectory: DirectoryObject, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func children(at position: Int) throws(TreeError) -> Children {
    let keys = try source.keys()
    let directories = source.keyDirectories
    return .ascending(
      keys.count, directories: keys.count, name: { FileNames.encode(keys[$0].name) },
      child: { slot throws(TreeError) in
        Child(name: FileNames.encode(keys[slot].name), node: Node(directories, at: slot), kind: .directory)
      })
  }
}

/// The directories of a source's keys; the position is that of the key.
final class KeyDirectories: DirectoryObject, SourceObject {
  /// The files of a key, in the order of the listing. A new kind of file is a type of its own, and a line here.
  static let files: [any KeyFile] = [KeyInfo(), KeyArray(), KeyTrainIDs(), KeyCounts(), KeyValues()]

  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func isNode(at position: Int) throws(TreeError) -> Bool { try source.key(position).exists() }

  func linkCount(at position: Int) throws(TreeError) -> Int { try source.key(position).hasArray() ? 3 : 2 }

  func children(at position: Int) throws(TreeError) -> Children {
    let key = source.key(position)
    let files = source.keyFiles
    var children: [Child] = []
    for (number, file) in Self.files.enumerated() where try file.isListed(in: key) {
      children.append(Child(file.name, Node(files, at: KeyFiles.position(of: number, key: position))))
    }
    if try key.hasArray() { children.append(Child("trains", Node(source.keyTrains, at: position))) }
    return .list(children)
  }

  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    guard name == KeyPlots.name else { return try source.tree.slices.node(named: name, in: self, at: position) }
    return try KeyPlots.exists(for: source.key(position)) ? Node(source.keyPlots, at: position) : nil
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try source.key(position).directoryAttributes()
  }
}

/// A file in a key's directory.
protocol KeyFile: Sendable {
  var name: String { get }
  func isListed(in key: TreeKey) throws(TreeError) -> Bool
  func content(of key: TreeKey) throws(TreeError) -> Content
  /// Whether it is an array of the key's values, and so has the attributes of its dataset.
  var holdsValues: Bool { get }
}

extension KeyFile {
  func isListed(in key: TreeKey) throws(TreeError) -> Bool { true }
  var holdsValues: Bool { false }
}

/// The files in the directories of a source's keys.
final class KeyFiles: LeafObject, SourceObject {
  /// More kinds of files than these a position has no room for.
  private static let mostFiles = 1 << 6

  static func position(of file: Int, key: Int) -> Int { key * mostFiles + file }

  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  private func file(_ position: Int) -> (any KeyFile)? {
    let number = position % Self.mostFiles
    return number < KeyDirectories.files.count ? KeyDirectories.files[number] : nil
  }
  private func key(_ position: Int) -> TreeKey { source.key(position / Self.mostFiles) }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    try key(position).exists() ? try file(position)?.isListed(in: key(position)) ?? false : false
  }

  func content(at position: Int) throws(TreeError) -> Content {
    guard let file = file(position) else { throw .notFound(reason: nil) }
    return try file.content(of: key(position))
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    var texts: [String: String] = [:]
    if file(position)?.holdsValues == true { texts = try key(position).extendedAttributes() }
    texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
    return texts
  }
}

/// `trains/` of a source's keys; the position is that of the key.
final class KeyTrains: TrainRangeDirectory, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    try source.key(position).exists() ? try source.key(position).hasArray() : false
  }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) throws(TreeError) -> Children {
    let tree = source.tree
    let files = source.keyTrainFiles
    let first = files.position(ofKey: position)
    return .trains(of: tree, try source.key(position).wholeIndex(), kind: .file) { Node(files, at: first + $0) }
  }

  func array(ofTrains trains: Range<Int>, at position: Int) throws(TreeError) -> any ArraySource {
    try source.key(position).array(ofTrains: trains)
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try source.key(position).directoryAttributes()
  }
}

/// One train of one key of a source each: in `trains/` of the key, or below the train.
final class KeyTrainFiles: LeafObject, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  private var trains: Int { max(1, source.tree.run.trainIDs.count) }

  /// Where the trains of a key begin.
  func position(ofKey key: Int) -> Int { key * trains }

  private func key(_ position: Int) -> TreeKey { source.key(position / trains) }

  func isNode(at position: Int) throws(TreeError) -> Bool { try key(position).exists() }
  func content(at position: Int) -> Content { .array(key(position).array(ofTrain: position % trains)) }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    var texts = try key(position).extendedAttributes()
    texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
    return texts
  }
}

extension TreeSource {
  private var place: String { "sources/\(source.name)" }

  var keysDirectory: Node { Node(tree.object("\(place)/keys") { KeysDirectory($0, self) }) }
  var keyDirectories: KeyDirectories { tree.object("\(place)/keys/*") { KeyDirectories($0, self) } }
  var keyFiles: KeyFiles { tree.object("\(place)/keys/*/*") { KeyFiles($0, self) } }
  var keyPlots: KeyPlots { tree.object("\(place)/keys/*/\(KeyPlots.name)") { KeyPlots($0, self) } }
  var keyTrains: KeyTrains { tree.object("\(place)/keys/*/trains") { KeyTrains($0, self) } }
  var keyTrainFiles: KeyTrainFiles { tree.object("\(place)/keys/*/trains/*") { KeyTrainFiles($0, self) } }
}

extension TreeKey {
  /// What a directory of the key says: the same as its array.
  fileprivate func directoryAttributes() throws(TreeError) -> [String: String] {
    var texts = try extendedAttributes()
    if try hasArray() { texts.merge(try Content.array(wholeArray()).arrayAttributes()) { _, own in own } }
    return texts
  }
}

extension Children {
  /// The trains of a run that have data; the slot is a position in the run. Files have `.npy` behind the id.
  static func trains(
    of tree: RunTree, _ index: TrainIndex, kind: EntryKind, _ node: @escaping (Int) -> Node
  ) -> Children {
    let run = tree.run
    let suffix = kind == .file ? ".npy" : ""
    return Children(
      slots: run.trainIDs.count, directories: kind == .directory ? index.trainsWithData : 0,
      child: { train throws(TreeError) in
        guard index.location(ofTrain: train) != nil else { return nil }
        return Child(name: "\(run.trainIDs[train])\(suffix)", node: node(train), kind: kind)
      },
      slot: { name throws(TreeError) in
        name.hasSuffix(suffix) ? tree.trainPosition(name.dropLast(suffix.count)) : nil
      },
      next: { train throws(TreeError) in index.nextTrain(from: train) })
  }
}
