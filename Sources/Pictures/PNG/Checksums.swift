/// The two checksums of a PNG file.
enum Checksums {
  /// Four tables, for four bytes at a time: the first is that of the PNG specification, annex D.
  private static let tables: [[UInt32]] = {
    let first = (0..<256).map { (number: UInt32) -> UInt32 in
      var value = number
      for _ in 0..<8 { value = (value & 1 == 1 ? 0xEDB8_8320 : 0) ^ (value >> 1) }
      return value
    }
    var tables = [first]
    for _ in 0..<3 { tables.append(tables[tables.count - 1].map { first[Int($0 & 0xFF)] ^ ($0 >> 8) }) }
    return tables
  }()

  static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { bytes in
      var value: UInt32 = 0xFFFF_FFFF
      var index = 0
      let (t0, t1, t2, t3) = (tables[0], tables[1], tables[2], tables[3])
      while index + 4 <= bytes.count {
        value ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        value =
          t3[Int(value & 0xFF)] ^ t2[Int(value >> 8 & 0xFF)] ^ t1[Int(value >> 16 & 0xFF)] ^ t0[Int(value >> 24)]
        index += 4
      }
      while index < bytes.count {
        value = t0[Int((value ^ UInt32(bytes[index])) & 0xFF)] ^ (value >> 8)
        index += 1
      }
      return ~value
    }
  }

  /// RFC 1950, 8.2.
  static func adler32(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { bytes in
      var (low, high): (UInt32, UInt32) = (1, 0)
      var index = 0
      while index < bytes.count {
        // So many that the sums fit 32 bits.
        let end = min(bytes.count, index + 5552)
        while index < end {
          low &+= UInt32(bytes[index])
          high &+= low
          index += 1
        }
        low %= 65_521
        high %= 65_521
      }
      return high << 16 | low
    }
  }
}
