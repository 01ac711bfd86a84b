public import NPY

/// A value for what is missing, as it is written on the command line: decimal, hexadecimal, or `nan`.
public enum FillValue: Hashable, Sendable {
  case integer(magnitude: UInt64, isNegative: Bool)
  case float(Double)

  /// - Returns: nil where the text is no number.
  public init?(_ text: String) {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text[...]
    // `UInt64.init` and `Double.init` would take a second sign.
    guard let first = digits.first, first != "-", first != "+" else { return nil }
    let isHex = digits.hasPrefix("0x") || digits.hasPrefix("0X")
    if let magnitude = isHex ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits) {
      self = .integer(magnitude: magnitude, isNegative: isNegative)
    } else if !isHex, let value = Double(text) {
      self = .float(value)
    } else {
      return nil
    }
  }

  /// What is missing unless told otherwise: NaN for floats and 0 for everything else, as in EXtra-data.
  public static func standard(for element: ElementType) -> FillValue {
    if case .float = element { return .float(.nan) }
    return .integer(magnitude: 0, isNegative: false)
  }

  /// The bytes of one element.
  /// - Returns: nil where the element cannot be this value.
  public func bytes(as element: ElementType) -> [UInt8]? {
    switch element {
    case .boolean:
      guard case .integer(let magnitude, _) = self, magnitude <= 1 else { return nil }
      return [UInt8(magnitude)]
    case .integer(let size, let signed, let bigEndian):
      guard let pattern = integer(size: size, signed: signed) else { return nil }
      return Self.bytes(pattern, size: size, bigEndian)
    case .float(let size, let bigEndian):
      switch size {
      case 2: return Self.bytes(UInt64(Float16(double).bitPattern), size: 2, bigEndian)
      case 4: return Self.bytes(UInt64(Float(double).bitPattern), size: 4, bigEndian)
      case 8: return Self.bytes(double.bitPattern, size: 8, bigEndian)
      default:
        #if arch(x86_64)
          // The machine's long double: ten bytes, padded.
          let raw = withUnsafeBytes(of: Float80(double)) { Array($0.prefix(10)) }
          return size >= 10 ? raw + [UInt8](repeating: 0, count: size - 10) : nil
        #else
          return nil
        #endif
      }
    default:
      // Structures and bytes have one value that everything can be: nothing.
      guard self == .integer(magnitude: 0, isNegative: false) else { return nil }
      return [UInt8](repeating: 0, count: element.size)
    }
  }

  private var double: Double {
    switch self {
    case .integer(let magnitude, let isNegative): isNegative ? -Double(magnitude) : Double(magnitude)
    case .float(let value): value
    }
  }

  /// The two's complement pattern; nil where the type does not hold the number.
  private func integer(size: Int, signed: Bool) -> UInt64? {
    guard (1...8).contains(size), case .integer(let magnitude, let isNegative) = self else { return nil }
    let signBit = UInt64(1) << UInt64(8 * size - 1)
    if isNegative {
      guard magnitude == 0 || (signed && magnitude <= signBit) else { return nil }
      return 0 &- magnitude
    }
    let most = signed ? signBit - 1 : signBit | (signBit - 1)
    return magnitude <= most ? magnitude : nil
  }

  private static func bytes(_ pattern: UInt64, size: Int, _ isBigEndian: Bool) -> [UInt8] {
    let little = (0..<size).map { UInt8(truncatingIfNeeded: pattern >> (8 * UInt64($0))) }
    return isBigEndian ? little.reversed() : little
  }
}

/// An element's bytes, over and over.
struct FillPattern: Sendable {
  private let bytes: [UInt8]
  /// Where all bytes are the same, as those of zero are.
  private let single: UInt8?

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    single = bytes.isEmpty ? 0 : bytes.allSatisfy { $0 == bytes[0] } ? bytes[0] : nil
  }

  /// - Parameter phase: how far `output` begins behind the start of an element, in bytes.
  func fill(_ output: UnsafeMutableRawBufferPointer, phase: Int) {
    if let single {
      output.initializeMemory(as: UInt8.self, repeating: single)
      return
    }
    // The first elements one byte at a time, then what is there is doubled.
    var done = min(output.count, bytes.count)
    for index in 0..<done { output[index] = bytes[(phase + index) % bytes.count] }
    while done < output.count {
      let count = min(done, output.count - done)
      UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: output[0..<count]))
      done += count
    }
  }
}
