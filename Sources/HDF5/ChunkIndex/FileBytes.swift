internal import Glibc

/// What it takes to read a file's structures without libhdf5: a descriptor and the numbers that the superblock defines.
///
/// Does not own the descriptor: it has to stay open as long as the value is used.
public struct FileBytes: Sendable {
  /// Open for reading; only `pread` is used, so threads may share it.
  public let descriptor: Int32
  /// Bytes in the file, from fstat.
  public let length: UInt64
  /// What to add to an address to get an offset in the file: the size of the user block (H5Pget_userblock).
  public let baseAddress: UInt64
  /// Bytes in an address, 2 to 8 (H5Pget_sizes).
  public let offsetSize: Int
  /// Bytes in a length, 2 to 8 (H5Pget_sizes).
  public let lengthSize: Int
  /// Is told how long each read takes.
  public let latency: ReadLatency?

  /// - Throws: `ChunkIndexError.impossibleShape` if a size is none that libhdf5 can write and 64 bits can hold.
  public init(
    descriptor: Int32, length: UInt64, baseAddress: UInt64 = 0, offsetSize: Int = 8, lengthSize: Int = 8,
    latency: ReadLatency? = nil
  ) throws(ChunkIndexError) {
    guard [2, 4, 8].contains(offsetSize), [2, 4, 8].contains(lengthSize) else {
      throw .impossibleShape("addresses of \(offsetSize) and lengths of \(lengthSize) bytes")
    }
    self.descriptor = descriptor
    self.length = length
    self.baseAddress = baseAddress
    self.offsetSize = offsetSize
    self.lengthSize = lengthSize
    self.latency = latency
  }

  /// All bits set: what "HDF5 File Format Specification" calls the undefined address.
  var undefinedAddress: UInt64 { UInt64.max >> UInt64(64 - 8 * offsetSize) }

  /// The offset in the file of `size` bytes at an address; nil unless all of them are inside the file.
  func position(of address: UInt64, size: UInt64) -> UInt64? {
    let (start, overflow) = address.addingReportingOverflow(baseAddress)
    guard !overflow, start <= length, size <= length - start, length <= UInt64(Int64.max) else { return nil }
    return start
  }

  /// How many bytes there are from an address to the end of the file.
  func available(at address: UInt64) -> UInt64 {
    position(of: address, size: 0).map { length - $0 } ?? 0
  }

  /// Fills the buffer with the bytes at an address.
  ///
  /// - Throws: `outsideFile` (naming `what`), also if the file has become shorter; `system`.
  func read(_ what: String, at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ChunkIndexError) {
    guard let start = position(of: address, size: UInt64(buffer.count)) else {
      throw .outsideFile(what: what, address: address, size: UInt64(buffer.count))
    }
    guard let latency else { return try read(what, at: address, from: start, into: buffer) }
    try latency.measure { () throws(ChunkIndexError) in try read(what, at: address, from: start, into: buffer) }
  }

  private func read(
    _ what: String, at address: UInt64, from start: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(ChunkIndexError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(start) + off_t(done))
      if count > 0 {
        done += count
      } else if count == 0 {
        throw .outsideFile(what: what, address: address, size: UInt64(buffer.count))
      } else if errno != EINTR {
        throw .system(call: "pread", errno: errno)
      }
    }
  }

  /// The bytes at an address, for structures read once.
  ///
  /// - Throws: as `read(_:at:into:)`; nothing is allocated before the range has been checked.
  func bytes(_ what: String, at address: UInt64, count: Int) throws(ChunkIndexError) -> [UInt8] {
    guard position(of: address, size: UInt64(count)) != nil else {
      throw .outsideFile(what: what, address: address, size: UInt64(count))
    }
    var failure: ChunkIndexError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(ChunkIndexError) {
        try read(what, at: address, into: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
