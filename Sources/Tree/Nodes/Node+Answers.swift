public import ArrayIO
internal import HDF5

/// What `stat` says of a node.
public struct TreeAttributes: Sendable {
  public var kind: EntryKind
  /// In bytes; of a link the length of its target.
  public var size: Int
  /// False while a file is being made: its size is 0 until then.
  public var isFinal = true
  public var linkCount: Int
  public var modified: Time
}

extension Node {
  /// Refuses a node that no walk from the root can have led to.
  private func check() throws(TreeError) {
    guard position >= 0, try object.isNode(at: position) else { throw .notFound(reason: nil) }
  }

  /// Its attributes. Exact sizes, computed from counts and types; no array is read for them.
  /// - Throws: ``TreeError/notFound(reason:)`` for what is no node.
  public func attributes() throws(TreeError) -> TreeAttributes {
    try check()
    let modified = object.modified(at: position)
    switch object {
    case let directory as any DirectoryObject:
      return TreeAttributes(
        kind: .directory, size: 0, linkCount: try directory.linkCount(at: position), modified: modified)
    case let link as any LinkObject:
      let size = try link.target(at: position).utf8.count
      return TreeAttributes(kind: .symbolicLink, size: size, linkCount: 1, modified: modified)
    case let leaf as any LeafObject:
      switch try leaf.content(at: position) {
      case .array(let array):
        let description = try array.describe()
        let size = description.header.count + description.dataSize
        return TreeAttributes(kind: .file, size: size, linkCount: 1, modified: modified)
      case .generated(let file):
        let size = try file.size(of: self)
        return TreeAttributes(
          kind: .file, size: size ?? 0, isFinal: size != nil && !file.mayChange, linkCount: 1, modified: modified)
      }
    default: throw .notFound(reason: nil)
    }
  }

  /// The node of that name in a directory. One that is not listed counts as used until the table is told that it was forgotten.
  /// - Throws: ``TreeError/notFound(reason:)``, or ``TreeError/notADirectory``.
  public func lookup(_ name: String) throws(TreeError) -> Node {
    try check()
    guard let directory = object as? any DirectoryObject else { throw .notADirectory }
    if let child = try directory.children(at: position).child(named: name) { return child.node }
    if let node = try directory.unlistedChild(named: name, at: position) { return node }
    throw .notFound(reason: nil)
  }

  /// Goes through the entries of a directory.
  ///
  /// - Parameters:
  ///   - cookie: where to go on: 0 at first, then what came with the last entry that was taken.
  ///   - take: given each entry and the cookie of the place behind it; false stops.
  /// - Throws: ``TreeError/notADirectory``.
  public func entries(from cookie: Int, _ take: (Child, Int) -> Bool) throws(TreeError) {
    try check()
    guard let directory = object as? any DirectoryObject else { throw .notADirectory }
    directory.prepareListing(at: position)
    try directory.children(at: position).list(from: cookie, take)
  }

  /// The names in a directory, without anything being begun that a listing begins.
  /// - Throws: ``TreeError/notADirectory``.
  public func names() throws(TreeError) -> [String] {
    try check()
    guard let directory = object as? any DirectoryObject else { throw .notADirectory }
    var names: [String] = []
    try directory.children(at: position).list(from: 0) { child, _ in
      names.append(child.name)
      return true
    }
    return names
  }

  /// The bytes of a file. What is still being made is waited for, as long as the current request may wait and has not been interrupted.
  /// - Throws: ``TreeError``; what cannot be read later fails in ``ArrayIO/ByteSource/read(at:into:)``.
  public func open() throws(TreeError) -> any ByteSource {
    try check()
    guard let leaf = object as? any LeafObject else { throw .isADirectory }
    switch try leaf.content(at: position) {
    case .array(let array): return NPYSource(try array.open())
    case .generated(let file): return BytesSource(try file.bytes(of: self))
    }
  }

  /// Where a link leads.
  /// - Throws: ``TreeError/notALink``.
  public func target() throws(TreeError) -> String {
    try check()
    guard let link = object as? any LinkObject else { throw .notALink }
    return try link.target(at: position)
  }

  /// Whether it can be another text the next time it is opened, and so must not be kept by anybody.
  public var mayChange: Bool {
    guard let leaf = object as? any LeafObject, (try? object.isNode(at: position)) == true,
      case .generated(let file)? = try? leaf.content(at: position)
    else { return false }
    return file.mayChange
  }

  /// The extended attributes by name, `user.` included: of arrays and the directories that hold them.
  /// - Throws: ``TreeError``.
  public func extendedAttributes() throws(TreeError) -> [String: [UInt8]] {
    try check()
    var result: [String: [UInt8]] = [:]
    for (name, text) in try object.extendedAttributes(at: position) where !name.isEmpty {
      result["user.\(name)"] = Array(text.utf8)
    }
    return result
  }

  /// The names of ``extendedAttributes()``.
  /// - Throws: ``TreeError``.
  public func extendedAttributeNames() throws(TreeError) -> [String] {
    try check()
    if let names = object.extendedAttributeNames(at: position) { return names.map { "user.\($0)" } }
    return try extendedAttributes().keys.sorted()
  }
}
