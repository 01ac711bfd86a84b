internal import CHDF5
internal import Glibc

/// A libhdf5 call that failed while a fixture was made.
public struct RawHDF5Error: Error, CustomStringConvertible {
  public let description: String
}

/// Throws unless an identifier or a return value is a success.
@discardableResult
func checked<Value: SignedInteger>(_ value: Value, _ call: String) throws -> Value {
  guard value >= 0 else { throw RawHDF5Error(description: call) }
  return value
}

/// An HDF5 file, written through libhdf5 and then read with it; a temporary one is deleted with the object. The reference
/// for whatever reads such files without libhdf5.
public final class RawFile {
  /// Absolute path.
  public let path: String
  /// Bytes before the superblock.
  public let userBlock: UInt64
  private(set) var id: Int64
  private let isTemporary: Bool

  /// Creates the file.
  ///
  /// - Parameters:
  ///   - place: where, and to stay there; nil for a temporary file.
  ///   - userBlock: 0, or a power of two from 512.
  ///   - latest: use the newest structures (other chunk indices, layout version 4), as h5py's libver="latest".
  ///   - halfFanout: H5Pset_istore_k; nil for libhdf5's default, 32.
  ///   - offsetSize: bytes in addresses and lengths.
  public init(
    at place: String? = nil, userBlock: UInt64 = 0, latest: Bool = false, halfFanout: UInt32? = nil,
    offsetSize: Int = 8
  ) throws {
    _ = Self.withoutLocks
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    path = try place ?? Self.temporaryPath()
    isTemporary = place == nil
    self.userBlock = userBlock
    let create = H5Pcreate(chdf5_H5P_FILE_CREATE())
    let access = H5Pcreate(chdf5_H5P_FILE_ACCESS())
    defer {
      H5Pclose(create)
      H5Pclose(access)
    }
    try checked(H5Pset_userblock(create, userBlock), "H5Pset_userblock")
    try checked(H5Pset_sizes(create, offsetSize, offsetSize), "H5Pset_sizes")
    if let halfFanout { try checked(H5Pset_istore_k(create, halfFanout), "H5Pset_istore_k") }
    if latest { try checked(H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110), "H5Pset_libver_bounds") }
    id = try checked(H5Fcreate(path, chdf5_H5F_ACC_TRUNC(), create, access), "H5Fcreate")
  }

  /// As the product does, and before the library's first call, which is often a fixture's: a child process that a test starts
  /// meanwhile would keep the lock of a file that is written, and the file could not be opened afterwards.
  private static let withoutLocks: Void = {
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
  }()

  deinit {
    H5Fclose(id)
    if isTemporary { unlink(path) }
  }

  private static func temporaryPath() throws -> String {
    var template = Array("/tmp/xfelfs-raw-XXXXXX".utf8CString)
    let descriptor = try checked(mkstemp(&template), "mkstemp")
    close(descriptor)
    return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  /// Ends writing: closes the file and opens it again for reading. Datasets opened before must be gone.
  public func finish() throws {
    try checked(H5Fclose(id), "H5Fclose")
    id = try checked(H5Fopen(path, chdf5_H5F_ACC_RDONLY(), hid_t(H5P_DEFAULT)), "H5Fopen")
  }

  /// All bytes of the file.
  public func bytes() throws -> [UInt8] {
    let descriptor = try checked(open(path, O_RDONLY), "open")
    defer { close(descriptor) }
    let length = try checked(lseek(descriptor, 0, SEEK_END), "lseek")
    var bytes = [UInt8](repeating: 0, count: length)
    guard pread(descriptor, &bytes, length, 0) == length else { throw RawHDF5Error(description: "pread") }
    return bytes
  }
}
