internal import Glibc
public import Wire

/// What a file was when the run was opened: a changed file must not be read with an old description of it.
///
/// The time of the last change of the inode is not part of it: `chmod` changes that, and no data. Two writes within one tick of the
/// kernel's clock (1 to 4 ms) that leave the size as it is are not told apart.
public struct FileIdentity: Hashable, Sendable {
  public var device: UInt64
  public var inode: UInt64
  /// In bytes.
  public var size: Int64
  public var modificationSeconds: Int64
  public var modificationNanoseconds: Int64

  /// Asks the file system, following links.
  /// - Returns: nil where there is no such file, with `errno` set.
  public init?(path: String) {
    var status = Glibc.stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Asks the file system for an open file.
  /// - Returns: nil where that fails, with `errno` set.
  public init?(descriptor: Int32) {
    var status = Glibc.stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modificationSeconds = Int64(status.st_mtim.tv_sec)
    modificationNanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}

extension FileIdentity: WireValue {
  /// What it takes in a message.
  static let byteCount = 5 * 8

  public func write(to writer: inout WireWriter) {
    writer.put(device)
    writer.put(inode)
    for number in [size, modificationSeconds, modificationNanoseconds] { writer.put(UInt64(bitPattern: number)) }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    device = try reader.number()
    inode = try reader.number()
    size = Int64(bitPattern: try reader.number())
    modificationSeconds = Int64(bitPattern: try reader.number())
    modificationNanoseconds = Int64(bitPattern: try reader.number())
  }
}

/// A file and what it was when its description was read.
public struct FileReference: Hashable, Sendable {
  public var path: String
  public var identity: FileIdentity

  public init(path: String, identity: FileIdentity) {
    self.path = path
    self.identity = identity
  }
}
