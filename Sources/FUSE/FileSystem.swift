/// A read-only file system as the kernel asks for it, by node number.
///
/// Every method may be called from several threads at a time. `NodeAttributes.rootInode` is the root. The kernel keeps names and
/// attributes for a day and never asks again for what it has, so whatever a method said has to stay true for the life of the mount
/// (attributes that are not `isStable` excepted).
public protocol FileSystem: AnyObject, Sendable {
  /// The node called `name` in a directory. Throws `.noSuchFileOrDirectory` if there is none: the kernel remembers that, too.
  func lookup(_ name: String, in parent: UInt64) throws(Errno) -> NodeAttributes

  /// The attributes of a node. Also called for entries of a listing, so it should not do I/O.
  func attributes(of node: UInt64) throws(Errno) -> NodeAttributes

  /// The target of a symbolic link. The kernel keeps it.
  func readLink(_ node: UInt64) throws(Errno) -> String

  /// Lists a directory: calls `list.add` for each entry after `cookie` until that returns false or there are no more. Cookie 0 is
  /// the start; any other is the `nextCookie` of an entry added before. Without "." and "..", which the module supplies.
  func entries(of node: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(Errno)

  /// Opens a file for reading. (Opening for writing is refused before it gets here.)
  func open(_ node: UInt64) throws(Errno) -> OpenedFile

  /// The same, with the answer going into `reply`, now or later, from this thread or another: for what has to be waited for. This,
  /// and not the other, is what the kernel's requests come to.
  func open(_ node: UInt64, reply: consuming OpenReply)

  /// The last descriptor of an opened file is gone.
  func release(handle: UInt64)

  /// Reads `count` bytes at `offset`, both in bytes and not negative: fewer only at the end of the file. The answer goes into
  /// `reply`, now or later, from this thread or another.
  func read(handle: UInt64, node: UInt64, offset: Int64, count: Int, reply: consuming ReadReply)

  /// The value of an extended attribute, `user.…`. Throws `.noAttribute` if there is none. Other name spaces are not asked for.
  func extendedAttribute(_ name: String, of node: UInt64) throws(Errno) -> [UInt8]

  /// The names of a node's extended attributes, each beginning with `user.`.
  func extendedAttributeNames(of node: UInt64) throws(Errno) -> [String]

  /// The kernel has dropped `count` of the references it got to a node from lookups and listings. A file system whose node
  /// numbers are computed has nothing to do.
  func forget(_ node: UInt64, count: UInt64)

  /// What `df` reports.
  func statistics() -> FileSystemStatistics
}

extension FileSystem {
  /// Throws `.invalidArgument`, as for a node that is no symbolic link.
  public func readLink(_ node: UInt64) throws(Errno) -> String { throw .invalidArgument }

  /// Answers at once with what `open(_:)` gives.
  public func open(_ node: UInt64, reply: consuming OpenReply) {
    do throws(Errno) {
      reply.send(try open(node))
    } catch {
      reply.fail(error)
    }
  }

  /// Does nothing.
  public func release(handle: UInt64) {}

  /// Throws `.noAttribute`.
  public func extendedAttribute(_ name: String, of node: UInt64) throws(Errno) -> [UInt8] { throw .noAttribute }

  /// No names.
  public func extendedAttributeNames(of node: UInt64) throws(Errno) -> [String] { [] }

  /// Does nothing.
  public func forget(_ node: UInt64, count: UInt64) {}
}

/// What opening a file gives.
public struct OpenedFile: Sendable, Hashable {
  /// The number by which reads and the release name this opening; the file system's own choice.
  public var handle: UInt64
  /// Reads go straight to the file system, past the page cache, and past the size in the attributes. Cannot be mapped into memory
  /// unless the session's `mapsDirectIO`.
  public var directIO: Bool
  /// What the page cache holds of the file from earlier openings stays valid.
  public var keepCache: Bool

  /// An opening; by default through the page cache, which keeps what it has.
  public init(handle: UInt64 = 0, directIO: Bool = false, keepCache: Bool = true) {
    self.handle = handle
    self.directIO = directIO
    self.keepCache = keepCache
  }
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
