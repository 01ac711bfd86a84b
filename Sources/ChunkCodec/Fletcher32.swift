internal import CKernels

/// The checksum of HDF5's filter 3.
enum Fletcher32 {
  /// Bytes it adds behind the data, little-endian.
  static let size = 4

  /// The bytes before the checksum, if it fits them.
  ///
  /// libhdf5 before 1.6.3 stored it with the bytes of each half swapped on little-endian machines, and libhdf5 still
  /// accepts both (H5Zfletcher32.c); so do we.
  ///
  /// - Throws: `wrongSize` if there is no room for a checksum, `checksumMismatch`.
  static func verified(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> UnsafeRawBufferPointer {
    guard bytes.count >= size else { throw .wrongSize(expected: size, found: bytes.count) }
    let data = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - size)])
    let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: data.count, as: UInt32.self))
    let computed = ckernels_fletcher32(data.bindMemory(to: UInt8.self).baseAddress, data.count)
    let swapped = (computed & 0x00ff_00ff) << 8 | (computed >> 8) & 0x00ff_00ff
    guard stored == computed || stored == swapped else {
      throw .checksumMismatch(stored: stored, computed: computed)
    }
    return data
  }
}
