internal import NPY
internal import RunArrays

/// A single value as MessagePack has it.
enum BridgeScalar: Equatable {
  case flag(Bool)
  case signed(Int64)
  case unsigned(UInt64)
  case float(Double)
  case bytes([UInt8])

  /// - Returns: nil where it is an array, or a value for which MessagePack has no form: a complex number, a date.
  init?(_ value: TrainValue) {
    guard value.shape.isEmpty else { return nil }
    let bytes = value.bytes
    switch value.element {
    case .boolean: self = .flag(bytes.first != 0)
    case .integer(let size, let signed, let bigEndian):
      guard (1...8).contains(size), bytes.count == size else { return nil }
      let pattern = Self.pattern(bytes, bigEndian)
      let shift = UInt64(64 - 8 * size)
      self = signed ? .signed(Int64(bitPattern: pattern << shift) >> Int64(shift)) : .unsigned(pattern)
    case .float(let size, let bigEndian):
      guard bytes.count == size else { return nil }
      let pattern = Self.pattern(bytes.prefix(8), bigEndian)
      switch size {
      case 2: self = .float(Double(Float16(bitPattern: UInt16(truncatingIfNeeded: pattern))))
      case 4: self = .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern))))
      case 8: self = .float(Double(bitPattern: pattern))
      default: return nil
      }
    case .bytes:
      // numpy does not see the padding either.
      self = .bytes(Array(bytes[..<(bytes.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)]))
    case .complex, .raw, .time, .structure: return nil
    }
  }

  private static func pattern(_ bytes: some BidirectionalCollection<UInt8>, _ bigEndian: Bool) -> UInt64 {
    bigEndian
      ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension MessagePack {
  mutating func put(_ scalar: BridgeScalar) {
    switch scalar {
    case .flag(let flag): put(flag)
    case .signed(let number): put(number)
    case .unsigned(let number): put(number)
    case .float(let number): put(number)
    case .bytes(let bytes): put(binary: bytes, count: bytes.count)
    }
  }
}

extension ElementType {
  /// As `str(dtype)` of numpy has it, which the clients know; nil for what they cannot make an array of.
  var bridgeName: String? {
    guard size > 0 else { return nil }
    switch self {
    case .boolean: return "bool"
    case .integer(let size, let signed, let bigEndian):
      return bigEndian && size > 1 ? descriptor : "\(signed ? "int" : "uint")\(8 * size)"
    case .float(let size, let bigEndian): return bigEndian ? descriptor : "float\(8 * size)"
    case .complex(let size, let bigEndian): return bigEndian ? descriptor : "complex\(8 * size)"
    case .bytes, .raw, .time: return descriptor
    case .structure: return nil
    }
  }
}
