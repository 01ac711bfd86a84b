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
  public func write(to writer: inout WireWriter) {
    writer.put([device, inode, UInt64(bitPattern: size), UInt64(bitPattern: modificationSeconds)])
    writer.put(UInt64(bitPattern: modificationNanoseconds))
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    let numbers = try reader.numbers()
    guard numbers.count == 4 else { throw WireReader.Garbled() }
    (device, inode) = (numbers[0], numbers[1])
    (size, modificationSeconds) = (Int64(bitPattern: numbers[2]), Int64(bitPattern: numbers[3]))
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
