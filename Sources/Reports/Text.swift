internal import NPY
internal import Printable

/// Text under construction, as the bytes that a file of the tree has.
struct Text {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends one line: names and values in it come from files, and their control characters do not make it two or colour it red.
  ///
  /// - Parameter columns: what follows the text, with a tab before each.
  mutating func append(line text: String, _ columns: String...) {
    append(text.printable)
    for column in columns { append("\t" + column.printable) }
    bytes.append(0x0A)
  }

  mutating func append(bytes more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

  mutating func append(byte: UInt8) { bytes.append(byte) }

  mutating func append(number: some BinaryInteger) {
    // Fits 64 bits with a sign; written backwards.
    if number < 0 { bytes.append(0x2D) }
    var rest = UInt64(number.magnitude)
    var digits: InlineArray<20, UInt8> = .init(repeating: 0)
    var count = 0
    repeat {
      digits[count] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
      count += 1
    } while rest > 0
    while count > 0 {
      count -= 1
      bytes.append(digits[count])
    }
  }
}

/// Lines of a table: fields are quoted only where they must be (RFC 4180). A text keeps its newlines, carriage returns and tabs; other
/// control characters are written out, as tables are looked at with `cat` too. The arrays have them as they are.
struct CSV {
  private(set) var text = Text()
  private var isAtStart = true

  init(header: [String]) {
    for name in header { field(name) }
    endLine()
  }

  var bytes: [UInt8] { text.bytes }

  mutating func field(_ value: String) {
    separate()
    Self.append(value, to: &text)
  }

  /// A field as it stands in a line, quotes and all.
  mutating func field(rendered bytes: ArraySlice<UInt8>) {
    separate()
    text.append(bytes: bytes)
  }

  private static func append(_ value: String, to text: inout Text) {
    let value = value.printableText
    let mustQuote = value.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
    if mustQuote {
      text.append(byte: 0x22)
      for byte in value.utf8 {
        if byte == 0x22 { text.append(byte: 0x22) }
        text.append(byte: byte)
      }
      text.append(byte: 0x22)
    } else {
      text.append(value)
    }
  }

  mutating func field(number: some BinaryInteger) {
    separate()
    text.append(number: number)
  }

  mutating func emptyField() { separate() }

  mutating func field(_ element: ElementType, _ bytes: UnsafeRawBufferPointer) {
    separate()
    Self.append(element, bytes, to: &text)
  }

  /// Appends an element as it stands in a field.
  static func append(_ element: ElementType, _ bytes: UnsafeRawBufferPointer, to text: inout Text) {
    if case .bytes = element {
      append(ElementText.string(bytes), to: &text)
    } else {
      ElementText.append(element, bytes, to: &text)
    }
  }

  mutating func endLine() {
    text.append(byte: 0x0A)
    isAtStart = true
  }

  private mutating func separate() {
    if !isAtStart { text.append(byte: 0x2C) }
    isAtStart = false
  }
}

/// One element of an array as text: the shortest that reads back to the same value.
enum ElementText {
  static func append(_ element: ElementType, _ bytes: UnsafeRawBufferPointer, to text: inout Text) {
    switch element {
    case .boolean: text.append(bytes[0] == 0 ? "false" : "true")
    case .integer(let size, let signed, let big):
      let raw = integer(bytes, size, big)
      if signed {
        let shift = 64 - 8 * size
        text.append(number: Int64(bitPattern: raw << shift) >> shift)
      } else {
        text.append(number: raw)
      }
    case .float(let size, let big): text.append(float(bytes, size, big))
    case .complex(let size, let big):
      let half = size / 2
      let imaginary = float(UnsafeRawBufferPointer(rebasing: bytes[half...]), half, big)
      text.append(float(bytes, half, big))
      if imaginary.first != "-" { text.append("+") }
      text.append(imaginary + "j")
    case .bytes: text.append(string(bytes))
    case .time(let descriptor):
      text.append(number: Int64(bitPattern: integer(bytes, 8, descriptor.hasPrefix(">"))))
    case .raw, .structure:
      for byte in bytes { text.append(String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)) }
    }
  }

  /// A byte string without its padding, as UTF-8.
  static func string(_ bytes: UnsafeRawBufferPointer) -> String {
    let end = bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, _ size: Int, _ isBigEndian: Bool) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value = value << 8 | UInt64(bytes[isBigEndian ? index : size - 1 - index]) }
    return value
  }

  private static func float(_ bytes: UnsafeRawBufferPointer, _ size: Int, _ isBigEndian: Bool) -> String {
    switch size {
    case 2: return text(Float16(bitPattern: UInt16(integer(bytes, 2, isBigEndian))))
    case 4: return text(Float(bitPattern: UInt32(integer(bytes, 4, isBigEndian))))
    case 8: return text(Double(bitPattern: integer(bytes, 8, isBigEndian)))
    default:
      #if arch(x86_64) || arch(i386)
        return text(bytes.loadUnaligned(as: Float80.self))
      #else
        return "?"
      #endif
    }
  }

  /// Swift writes the sign and the payload of what is no number, as in `-nan(0x1)`; who reads a table knows `NaN`: polars takes `nan` for
  /// a text.
  static func text<Number: BinaryFloatingPoint & CustomStringConvertible>(_ number: Number) -> String {
    number.isNaN ? "NaN" : number.description
  }
}
