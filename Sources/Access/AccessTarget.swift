/// A file or directory, and what a caller wants with it.
public struct AccessTarget: Hashable, Sendable {
  public enum Use: Hashable, Sendable {
    /// Reading a file.
    case read
    /// Using names in a directory.
    case enter
    /// Reading the names in a directory, and using them.
    case list
  }

  /// What a file is, whatever its name.
  public struct Identity: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64

    public init(device: UInt64, inode: UInt64) {
      self.device = device
      self.inode = inode
    }
  }

  public var path: String
  public var use: Use
  /// What has to be found at the path; nil for whatever is there. The owner of a directory can put another file there at any time,
  /// one that he may read, while this process has the former one open.
  public var identity: Identity?

  public init(_ path: String, for use: Use, identity: Identity? = nil) {
    self.path = path
    self.use = use
    self.identity = identity
  }
}
