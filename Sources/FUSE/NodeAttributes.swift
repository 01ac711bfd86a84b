internal import CFuse
import Glibc

/// What a node is.
public enum NodeKind: Sendable, Hashable {
  case directory
  case file
  case symbolicLink

  /// The file type as `st_mode` holds it.
  var modeBits: UInt32 {
    switch self {
    case .directory: UInt32(Glibc.S_IFDIR)
    case .file: UInt32(Glibc.S_IFREG)
    case .symbolicLink: UInt32(Glibc.S_IFLNK)
    }
  }
}

/// What `stat` says about a node.
public struct NodeAttributes: Sendable, Hashable {
  /// The number of a file system's root directory.
  public static let rootInode: UInt64 = 1

  /// The node's number, unique in the file system and the same for as long as it is mounted; never 0.
  public var inode: UInt64
  /// What `stat` shows as the inode number; need not be unique.
  public var shownInode: UInt64
  /// Directory, file or symbolic link.
  public var kind: NodeKind
  /// Length in bytes; for a symbolic link that of its target.
  public var size: Int64
  /// Permission bits, `0o444` say.
  public var permissions: UInt32
  /// The number of hard links; a directory of n subdirectories has n + 2, or 1 for "not counted".
  public var linkCount: UInt32
  /// Seconds of the modification time since 1970; access and change time are reported as the same.
  public var modificationSeconds: Int64
  /// Nanoseconds of the modification time, 0 ..< 1 000 000 000.
  public var modificationNanoseconds: Int64
  /// User id of the owner.
  public var owner: UInt32
  /// Group id.
  public var group: UInt32
  /// The size in bytes of reads that suit the file (`st_blksize`); with direct I/O stdio and coreutils go by it.
  public var preferredBlockSize: Int32
  /// Whether the kernel may keep these attributes (for a day), as against asking each time: false for a file whose size is not
  /// yet known. The name itself is always kept.
  public var isStable: Bool

  /// Attributes with the usual defaults: readable by all, owned by root, from 1970.
  public init(
    inode: UInt64, shownInode: UInt64? = nil, kind: NodeKind, size: Int64 = 0, permissions: UInt32? = nil,
    linkCount: UInt32 = 1,
    modificationSeconds: Int64 = 0, modificationNanoseconds: Int64 = 0, owner: UInt32 = 0, group: UInt32 = 0,
    preferredBlockSize: Int32 = 4096, isStable: Bool = true
  ) {
    self.inode = inode
    self.shownInode = shownInode ?? inode
    self.kind = kind
    self.size = size
    self.permissions = permissions ?? (kind == .file ? 0o444 : kind == .directory ? 0o555 : 0o777)
    self.linkCount = linkCount
    self.modificationSeconds = modificationSeconds
    self.modificationNanoseconds = modificationNanoseconds
    self.owner = owner
    self.group = group
    self.preferredBlockSize = preferredBlockSize
    self.isStable = isStable
  }
}

extension NodeAttributes {
  /// The form libfuse takes.
  var status: stat {
    var status = stat()
    status.st_ino = UInt(shownInode)
    status.st_mode = kind.modeBits | (permissions & 0o7777)
    status.st_nlink = .init(linkCount)
    status.st_uid = owner
    status.st_gid = group
    status.st_size = Int(size)
    // Rounded up without `size + 511`, which could overflow: a size may come from a damaged file.
    status.st_blocks = Int(size >> 9) + (size & 511 == 0 ? 0 : 1)
    status.st_blksize = .init(preferredBlockSize)
    let time = timespec(tv_sec: Int(modificationSeconds), tv_nsec: Int(modificationNanoseconds))
    status.st_mtim = time
    status.st_atim = time
    status.st_ctim = time
    return status
  }

  /// The answer to a lookup, which the kernel may keep for so many seconds.
  func entry(keptFor seconds: Double) -> fuse_entry_param {
    var entry = fuse_entry_param()
    entry.ino = inode
    entry.attr = status
    entry.attr_timeout = isStable ? seconds : 0
    entry.entry_timeout = seconds
    return entry
  }
}
