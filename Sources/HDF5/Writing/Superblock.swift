/// The first bytes of an HDF5 file.
enum Superblock {
  private static let size = 44

  /// Makes the image of a file that is open one of a closed file.
  ///
  /// `H5Fget_file_image` clears the flags that say who has the file open, but leaves their checksum (1.10.8: every reader
  /// refuses such an image, "incorrect metadata checksum"). Only superblocks of version 3 have such flags.
  static func repair(_ bytes: inout [UInt8]) {
    guard bytes.count >= size + 4, bytes[8] == 3, bytes[9] == 8, bytes[10] == 8 else { return }
    bytes[11] = 0
    var checksum = lookup3(bytes[..<size])
    for index in size..<(size + 4) {
      bytes[index] = UInt8(truncatingIfNeeded: checksum)
      checksum >>= 8
    }
  }

  /// Bob Jenkins' lookup3 with an initial value of 0, the checksum of HDF5's metadata.
  private static func lookup3(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
    var (a, b, c) = (0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count), UInt32(0), UInt32(0))
    (b, c) = (a, a)
    var rest = bytes
    func word(_ number: Int) -> UInt32 {
      rest.dropFirst(4 * number).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    while rest.count > 12 {
      a &+= word(0)
      b &+= word(1)
      c &+= word(2)
      a = (a &- c) ^ rotate(c, 4)
      c &+= b
      b = (b &- a) ^ rotate(a, 6)
      a &+= c
      c = (c &- b) ^ rotate(b, 8)
      b &+= a
      a = (a &- c) ^ rotate(c, 16)
      c &+= b
      b = (b &- a) ^ rotate(a, 19)
      a &+= c
      c = (c &- b) ^ rotate(b, 4)
      b &+= a
      rest = rest.dropFirst(12)
    }
    a &+= word(0)
    b &+= word(1)
    c &+= word(2)
    c = (c ^ b) &- rotate(b, 14)
    a = (a ^ c) &- rotate(c, 11)
    b = (b ^ a) &- rotate(a, 25)
    c = (c ^ b) &- rotate(b, 16)
    a = (a ^ c) &- rotate(c, 4)
    b = (b ^ a) &- rotate(a, 14)
    return (c ^ b) &- rotate(b, 24)
  }
}
