internal import CFuse
import Glibc
internal import Threads

/// One batch of a directory's entries, as large as the kernel asked for.
public struct DirectoryList: ~Copyable {
  /// For which entries the answer carries attributes and a node the kernel shall remember.
  enum Detail {
    /// READDIR: none, names and types only.
    case names
    /// The first READDIRPLUS of a directory, which the kernel sends whatever the reader is about to do. Directories only: `find`
    /// will enter them and is spared a LOOKUP each, while a names-only listing of files does not make an inode for each.
    case directories
    /// A later READDIRPLUS, which the kernel sends after it has seen lookups here (`ls -l`): every entry.
    case everything
  }

  /// Kernel offsets 1 and 2 stand behind "." and "..", so a cookie c of the file system is offset c + 2.
  private static let dots: UInt64 = 2

  private let buffer: UnsafeMutableRawBufferPointer
  private let detail: Detail
  private let isPlus: Bool
  private let fileSystem: any FileSystem
  private var isFull = false
  /// How many bytes of the buffer are filled.
  private(set) var used = 0

  init(buffer: UnsafeMutableRawBufferPointer, plus: Bool, offset: UInt64, fileSystem: any FileSystem) {
    self.buffer = buffer
    self.isPlus = plus
    self.detail = !plus ? .names : offset == 0 ? .directories : .everything
    self.fileSystem = fileSystem
  }

  /// Adds an entry; false if it does not fit, and the listing is to stop and be asked for again from the previous `nextCookie`.
  ///
  /// `nextCookie` stands for the place behind this entry: not 0, less than 2⁶², the same whenever the directory is listed. A name
  /// that cannot be one (empty, over 255 bytes, with a slash) is left out, as the kernel would fail the listing because of it.
  ///
  /// - Parameter shownInode: the number that a listing shows, where it is not the node's.
  public mutating func add(
    name: String, inode: UInt64, shownInode: UInt64? = nil, kind: NodeKind, nextCookie: UInt64
  ) -> Bool {
    name.withCString { add(name: $0, inode: inode, shownInode: shownInode, kind: kind, nextCookie: nextCookie) }
  }

  /// The same for a name that lies in memory as a C string, which saves the string when many names are computed.
  public mutating func add(
    name: UnsafePointer<CChar>, inode: UInt64, shownInode: UInt64? = nil, kind: NodeKind, nextCookie: UInt64
  ) -> Bool {
    let length = strlen(name)
    guard (1...255).contains(length), memchr(name, 47, length) == nil else { return true }
    var attributes: NodeAttributes?
    if detail == .everything || (detail == .directories && kind == .directory) {
      // An entry without attributes is still an entry: the kernel looks it up when it needs them, and gets the error then, or waits
      // then. A listing waits for the names only, not for each of what it lists.
      attributes = Request.withoutWaiting { try? fileSystem.attributes(of: inode) }
    }
    let entry = attributes?.entry(keptFor: fileSystem.cacheSeconds(of: inode))
    let isTaken = append(
      name, inode: shownInode ?? inode, kind: kind, entry: entry, offset: nextCookie &+ Self.dots)
    if isTaken, attributes != nil { fileSystem.remember(inode) }
    return isTaken
  }

  /// Adds "." and ".." as far as they lie behind the kernel's `offset`; false if they do not fit.
  mutating func addDots(of node: UInt64, from offset: UInt64) -> Bool {
    if offset < 1, !append(".", inode: node, kind: .directory, entry: nil, offset: 1) { return false }
    // Parents are not known here. Nothing looks at this number except `ls -ia`; 0 would read as "deleted".
    let unknown: UInt64 = node == NodeAttributes.rootInode ? node : 0xFFFF_FFFF
    return offset >= 2 || append("..", inode: unknown, kind: .directory, entry: nil, offset: 2)
  }

  /// The file system's cookie for a kernel offset.
  static func cookie(at offset: UInt64) -> UInt64 { offset > dots ? offset - dots : 0 }

  private mutating func append(
    _ name: UnsafePointer<CChar>, inode: UInt64, kind: NodeKind, entry: fuse_entry_param?, offset: UInt64
  ) -> Bool {
    guard !isFull else { return false }
    let rest = buffer.baseAddress?.advanced(by: used).assumingMemoryBound(to: CChar.self)
    let space = buffer.count - used
    let size: Int
    // libfuse does not look at the request, and there may be none any more: its caller may have been interrupted.
    if isPlus {
      // Node 0 tells the kernel that there are no attributes; type and number for the name come from `attr` in any case.
      var entry = entry ?? fuse_entry_param()
      if entry.ino == 0 {
        entry.attr.st_ino = UInt(inode)
        entry.attr.st_mode = kind.modeBits
      }
      size = fuse_add_direntry_plus(nil, rest, space, name, &entry, Int(truncatingIfNeeded: offset))
    } else {
      var status = stat()
      status.st_ino = UInt(inode)
      status.st_mode = kind.modeBits
      size = fuse_add_direntry(nil, rest, space, name, &status, Int(truncatingIfNeeded: offset))
    }
    // libfuse writes nothing and returns the size it would have needed.
    guard size <= space else {
      isFull = true
      return false
    }
    used += size
    return true
  }
}
