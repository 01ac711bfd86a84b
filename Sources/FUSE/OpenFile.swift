public import Threads

/// A file that is open. It is held while the kernel has it open and while a read of it is under way, and its last reference going is its
/// being closed: there may be a read that hangs, and whose reader has been interrupted, when the kernel has closed it long ago.
public protocol OpenFile: AnyObject, Sendable {
  /// Whether a read needs nothing but memory. Others are answered by threads that may wait, or by so many of those that answer the
  /// kernel as can be spared.
  var isInMemory: Bool { get }

  /// The caller that has opened it, with whose rights it is read (`Request.current`).
  var opener: Request.Caller? { get }

  /// Reads `count` bytes at `offset`, both in bytes and not negative: fewer only at the end of the file. The answer goes into
  /// `reply`, now or later, from this thread or another.
  func read(at offset: Int64, count: Int, reply: consuming ReadReply)
}

extension OpenFile {
  /// Not known: no reading depends on it.
  public var opener: Request.Caller? { nil }
}

/// What opening a file gives.
public struct Opening: Sendable {
  /// What reads come to.
  public var file: any OpenFile
  /// Reads go straight to the file system, past the page cache, and past the size in the attributes. Cannot be mapped into memory
  /// unless the session's `mapsDirectIO`.
  public var directIO: Bool
  /// What the page cache holds of the file from earlier openings stays valid.
  public var keepCache: Bool

  /// An opening; by default through the page cache, which keeps what it has.
  public init(_ file: any OpenFile, directIO: Bool = false, keepCache: Bool = true) {
    self.file = file
    self.directIO = directIO
    self.keepCache = keepCache
  }
}
