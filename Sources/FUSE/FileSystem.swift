/// A read-only file system as the kernel asks for it, by node number.
///
/// Every method may be called from several threads at a time, and each but the last two with a `Threads.Request.current` that says who
/// asks, and whether the method may wait for something. What is not in memory is refused with `.mustWait` where it may not, and the
/// same is then asked once more by a thread that may; so however many files hang, there is always a thread that answers the rest.
///
/// `NodeAttributes.rootInode` is the root. The kernel keeps names and attributes for as long as `cacheSeconds(of:)` says, shows them to every
/// user, and does not ask again for what it has: whatever a method said has to stay true as long as that (attributes that are not
/// `isStable` excepted).
public protocol FileSystem: AnyObject, Sendable {
  /// The node called `name` in a directory. Throws `.noSuchFileOrDirectory` if there is none: the kernel remembers that, too.
  func lookup(_ name: String, in parent: UInt64) throws(Refusal) -> NodeAttributes

  /// The attributes of a node. Also called for the entries of a listing, never with leave to wait there: an entry whose attributes
  /// are not in memory is listed without.
  func attributes(of node: UInt64) throws(Refusal) -> NodeAttributes

  /// The target of a symbolic link. The kernel keeps it.
  func readLink(_ node: UInt64) throws(Refusal) -> String

  /// Opens a directory: the place to load whatever it takes to list it and to look names up in it. During a listing and a lookup
  /// the kernel holds locks of the directory, at which other processes may queue up that cannot be interrupted; during this it
  /// holds none.
  func openDirectory(_ node: UInt64) throws(Refusal)

  /// Whether the caller may read a file or the names in a directory (`reads`), or use names in a directory (`enters`): what access(2)
  /// and chdir(2) ask. Not asked where the kernel itself checks permission bits.
  func access(_ node: UInt64, reads: Bool, enters: Bool) throws(Refusal)

  /// Lists a directory: calls `list.add` for each entry after `cookie` until that returns false or there are no more. Cookie 0 is
  /// the start; any other is the `nextCookie` of an entry added before. Without "." and "..", which the module supplies.
  func entries(of node: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(Refusal)

  /// Opens a file for reading. (Opening for writing is refused before it gets here.)
  func open(_ node: UInt64) throws(Refusal) -> Opening

  /// The value of an extended attribute, `user.…`. Throws `.noAttribute` if there is none. Other name spaces are not asked for.
  func extendedAttribute(_ name: String, of node: UInt64) throws(Refusal) -> [UInt8]

  /// The names of a node's extended attributes, each beginning with `user.`.
  func extendedAttributeNames(of node: UInt64) throws(Refusal) -> [String]

  /// For how many seconds the kernel may keep the name and the attributes of a node; of a directory, that it has no such name.
  func cacheSeconds(of node: UInt64) -> Double

  /// Whether the kernel may keep the listing of a directory.
  func keepsListing(of node: UInt64) -> Bool

  /// A listing has told the kernel of a node: one more reference, besides those from lookups.
  func remember(_ node: UInt64)

  /// The kernel has dropped `count` of the references it got to a node from lookups and listings. A file system whose node
  /// numbers are computed has nothing to do.
  func forget(_ node: UInt64, count: UInt64)

  /// Is given a line for each request as it comes in, and one when it has been answered; nil where that is not wanted.
  var requestLog: (@Sendable (String) -> Void)? { get }

  /// What `df` reports.
  func statistics() -> FileSystemStatistics
}

extension FileSystem {
  /// Throws `.invalidArgument`, as for a node that is no symbolic link.
  public func readLink(_ node: UInt64) throws(Refusal) -> String { throw .error(.invalidArgument) }

  /// Does nothing.
  public func openDirectory(_ node: UInt64) throws(Refusal) {}

  /// Does nothing.
  public func access(_ node: UInt64, reads: Bool, enters: Bool) throws(Refusal) {}

  /// A day: for what does not change.
  public func cacheSeconds(of node: UInt64) -> Double { 86_400 }

  /// For what does not change.
  public func keepsListing(of node: UInt64) -> Bool { true }

  /// Throws `.noAttribute`.
  public func extendedAttribute(_ name: String, of node: UInt64) throws(Refusal) -> [UInt8] {
    throw .error(.noAttribute)
  }

  /// No names.
  public func extendedAttributeNames(of node: UInt64) throws(Refusal) -> [String] { [] }

  /// Not wanted.
  public var requestLog: (@Sendable (String) -> Void)? { nil }

  /// Does nothing.
  public func remember(_ node: UInt64) {}

  /// Does nothing.
  public func forget(_ node: UInt64, count: UInt64) {}
}

/// What `statfs` says. Nothing is free, as nothing can be written.
public struct FileSystemStatistics: Sendable, Hashable {
  /// The unit of `blocks` and the preferred length of reads, in bytes.
  public var blockSize: UInt64
  /// The sum of all file sizes, in blocks.
  public var blocks: UInt64
  /// How many nodes there are.
  public var files: UInt64

  /// Statistics.
  public init(blocks: UInt64, files: UInt64, blockSize: UInt64 = 4096) {
    self.blockSize = blockSize
    self.blocks = blocks
    self.files = files
  }
}
