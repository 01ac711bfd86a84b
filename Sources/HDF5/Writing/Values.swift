package import Wire

/// The elements of a dataset with their type forgotten, so that datasets of all types fit into one list.
package enum Values: Sendable {
  case numbers(NumberType, [UInt8])
  case bools([Bool])
  case strings([String])
  /// UTF-8, as h5py writes strings.
  case unicode([String])

  package init<T: Number>(_ numbers: [T]) {
    self = .numbers(T.numberType, numbers.withUnsafeBytes { Array($0) })
  }

  /// The number of elements: entries times elements of an entry.
  var count: Int {
    switch self {
    case .numbers(let type, let bytes): bytes.count / type.byteCount
    case .bools(let bools): bools.count
    case .strings(let strings), .unicode(let strings): strings.count
    }
  }
}

/// The numeric types of the run.
package enum NumberType: UInt8, Sendable {
  case int8, int32, int64, uint8, uint16, uint32, uint64, float32, float64

  var byteCount: Int {
    switch self {
    case .int8, .uint8: 1
    case .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }
}

/// A Swift number that a dataset can hold.
package protocol Number: BitwiseCopyable {
  static var numberType: NumberType { get }
}

extension Int8: Number { package static var numberType: NumberType { .int8 } }
extension Int32: Number { package static var numberType: NumberType { .int32 } }
extension Int64: Number { package static var numberType: NumberType { .int64 } }
extension UInt8: Number { package static var numberType: NumberType { .uint8 } }
extension UInt16: Number { package static var numberType: NumberType { .uint16 } }
extension UInt32: Number { package static var numberType: NumberType { .uint32 } }
extension UInt64: Number { package static var numberType: NumberType { .uint64 } }
extension Float: Number { package static var numberType: NumberType { .float32 } }
extension Double: Number { package static var numberType: NumberType { .float64 } }

extension Values: WireValue {
  package func write(to writer: inout WireWriter) {
    switch self {
    case .numbers(let type, let bytes):
      writer.put(byte: 0)
      writer.put(byte: type.rawValue)
      writer.put(bytes: bytes)
    case .bools(let bools):
      writer.put(byte: 1)
      writer.put(bytes: bools.map { $0 ? 1 : 0 })
    case .strings(let texts):
      writer.put(byte: 2)
      writer.put(texts)
    case .unicode(let texts):
      writer.put(byte: 3)
      writer.put(texts)
    }
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0:
      guard let type = NumberType(rawValue: try reader.byte()) else { throw WireReader.Garbled() }
      self = .numbers(type, try reader.blob())
    case 1: self = .bools(try reader.blob().map { $0 != 0 })
    case 2: self = .strings(try reader.texts())
    case 3: self = .unicode(try reader.texts())
    default: throw WireReader.Garbled()
    }
  }
}
