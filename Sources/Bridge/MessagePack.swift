/// Writes MessagePack: the few forms of it that Karabo bridge needs, each as short as it can be.
///
/// The format is that of https://github.com/msgpack/msgpack/blob/master/spec.md.
struct MessagePack {
  private(set) var bytes: [UInt8] = []

  /// Begins a map of so many pairs: key, value, key, value, ...
  mutating func put(map count: Int) { put(count, short: 0x80, below: 16, 0xDE, 0xDF) }

  /// Begins an array of so many elements.
  mutating func put(array count: Int) { put(count, short: 0x90, below: 16, 0xDC, 0xDD) }

  mutating func put(_ text: String) {
    let utf8 = text.utf8
    if utf8.count < 32 {
      bytes.append(0xA0 | UInt8(utf8.count))
    } else {
      putLength(utf8.count, 0xD9)
    }
    bytes.append(contentsOf: utf8)
  }

  /// Raw bytes. At most ``mostBinary`` of them.
  mutating func put(binary: some Sequence<UInt8>, count: Int) {
    putLength(count, 0xC4)
    bytes.append(contentsOf: binary)
  }

  /// The form has four bytes for the length.
  static let mostBinary = Int(UInt32.max)

  mutating func put(_ number: UInt64) {
    switch number {
    case 0..<0x80: bytes.append(UInt8(number))
    case ...0xFF: put(0xCC, UInt8(number))
    case ...0xFFFF: put(0xCD, UInt16(number))
    case ...0xFFFF_FFFF: put(0xCE, UInt32(number))
    default: put(0xCF, number)
    }
  }

  mutating func put(_ number: Int64) {
    switch number {
    case 0...: put(UInt64(number))
    case (-32)...: bytes.append(UInt8(bitPattern: Int8(number)))
    case Int64(Int8.min)...: put(0xD0, UInt8(bitPattern: Int8(number)))
    case Int64(Int16.min)...: put(0xD1, UInt16(bitPattern: Int16(number)))
    case Int64(Int32.min)...: put(0xD2, UInt32(bitPattern: Int32(number)))
    default: put(0xD3, UInt64(bitPattern: number))
    }
  }

  mutating func put(_ number: Double) { put(0xCB, number.bitPattern) }

  mutating func put(_ flag: Bool) { bytes.append(flag ? 0xC3 : 0xC2) }

  private mutating func put<Number: FixedWidthInteger>(_ form: UInt8, _ number: Number) {
    bytes.append(form)
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// A length of one, two or four bytes, behind `form` or the one or two forms that follow it.
  private mutating func putLength(_ count: Int, _ form: UInt8) {
    switch count {
    case ...0xFF: put(form, UInt8(count))
    case ...0xFFFF: put(form + 1, UInt16(count))
    default: put(form + 2, UInt32(count))
    }
  }

  private mutating func put(_ count: Int, short: UInt8, below limit: Int, _ medium: UInt8, _ long: UInt8) {
    if count < limit {
      bytes.append(short | UInt8(count))
    } else if count <= 0xFFFF {
      put(medium, UInt16(count))
    } else {
      put(long, UInt32(count))
    }
  }
}
