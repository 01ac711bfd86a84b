/// A place in the tree: an object, and a position in it.
///
/// Objects are few and made when they are first met: a source's directory, the trains of its keys, a detector. The position says which
/// key, train or frame of it is meant, so that the million files of a run's trains are a handful of objects, and cost no memory.
public struct Node: Hashable, Sendable {
  public let object: any NodeObject
  public let position: Int

  init(_ object: any NodeObject, at position: Int = 0) {
    self.object = object
    self.position = position
  }

  public static func == (left: Node, right: Node) -> Bool {
    left.object === right.object && left.position == right.position
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(object))
    hasher.combine(position)
  }

  public var kind: EntryKind { object.kind(at: position) }
}

public enum EntryKind: Sendable { case directory, file, symbolicLink }

/// What all objects of the tree have in common. Everything at a position is arithmetic or in memory, unless it throws
/// ``TreeError/mustWait``.
///
/// Each conforming type is a ``DirectoryObject``, a ``LeafObject`` or a ``LinkObject``.
public protocol NodeObject: AnyObject, Sendable {
  /// Its number and the hash of its path.
  var identity: ObjectIdentity { get }
  /// The run that it shows; nil above the runs.
  var tree: RunTree? { get }

  func kind(at position: Int) -> EntryKind
  /// Whether a walk from the root can have led to the position: numbers of the kernel are trusted no more than files.
  func isNode(at position: Int) throws(TreeError) -> Bool
  /// The HDF5 files that it is made from, or the names in it where it is a directory.
  func scope(at position: Int) -> FileScope
  /// That of the HDF5 files behind it: known without opening any, and the same for the life of the mount.
  func modified(at position: Int) -> Time
  /// Texts by name, without `user.`.
  /// - Throws: ``TreeError``.
  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String]
  /// The names of ``extendedAttributes(at:)`` where they are known without reading a file; nil where not.
  func extendedAttributeNames(at position: Int) -> [String]?
}

extension NodeObject {
  /// One node alone, as of most directories.
  public func isNode(at position: Int) throws(TreeError) -> Bool { position == 0 }
  public func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] { [:] }
  public func extendedAttributeNames(at position: Int) -> [String]? { nil }
}

/// A directory, or a family of directories that differ in their position.
public protocol DirectoryObject: NodeObject {
  /// What is in it, for lookups and listings alike.
  /// - Throws: ``TreeError``.
  func children(at position: Int) throws(TreeError) -> Children
  /// A name that is not listed but opens; nil where there is none. The node counts as used until the table is told that it was forgotten.
  /// - Throws: ``TreeError/notFound(reason:)`` where the name has the right form and something is wrong with it.
  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node?
  /// Hard links as `stat` counts them: 2, and one for each directory in it.
  func linkCount(at position: Int) throws(TreeError) -> Int
  /// Begins in the background what a reader who goes through the directory will want.
  func prepareListing(at position: Int)
}

extension DirectoryObject {
  public func kind(at position: Int) -> EntryKind { .directory }

  /// Slices of the arrays that are listed, and ranges of trains.
  public func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    try tree?.slices.node(named: name, in: self, at: position)
  }

  public func linkCount(at position: Int) throws(TreeError) -> Int { 2 + (try children(at: position).directories) }
  public func prepareListing(at position: Int) {}
}

/// A file, or a family of files that differ in their position.
public protocol LeafObject: NodeObject {
  /// What is in it.
  /// - Throws: ``TreeError``.
  func content(at position: Int) throws(TreeError) -> Content
}

extension LeafObject {
  public func kind(at position: Int) -> EntryKind { .file }

  public func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try content(at: position).arrayAttributes()
  }
}

/// A symbolic link, or a family of them.
public protocol LinkObject: NodeObject {
  /// Where it leads.
  func target(at position: Int) throws(TreeError) -> String
}

extension LinkObject {
  public func kind(at position: Int) -> EntryKind { .symbolicLink }
}
