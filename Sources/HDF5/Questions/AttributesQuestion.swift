internal import CHDF5
public import Wire

/// The attributes of an object.
public struct AttributesQuestion: AnswerableQuestion {
  public typealias Answer = AttributeList
  public var object: String

  public init(of object: String) { self.object = object }

  public func write(to writer: inout WireWriter) { writer.put(object) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { object = try reader.text() }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> AttributeList {
    AttributeList(values: try file.attributes(of: object, library))
  }
}

/// Attributes by name.
public struct AttributeList: Hashable, Sendable, WireValue {
  public var values: [String: AttributeValue]

  init(values: [String: AttributeValue]) { self.values = values }

  public func write(to writer: inout WireWriter) {
    writer.put(values.count)
    for (name, value) in values {
      writer.put(name)
      writer.put(value)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    values = [:]
    for _ in 0..<(try reader.count(ofSize: 16)) {
      let name = try reader.text()
      values[name] = try AttributeValue(from: &reader)
    }
  }
}

extension AttributeValue: WireValue {
  public func write(to writer: inout WireWriter) {
    switch self {
    case .string(let text):
      writer.put(byte: 0)
      writer.put(text)
    case .strings(let texts):
      writer.put(byte: 1)
      writer.put(texts)
    case .integers(let numbers):
      writer.put(byte: 2)
      writer.put(numbers.map { UInt64(bitPattern: $0) })
    case .unsigned(let numbers):
      writer.put(byte: 3)
      writer.put(numbers)
    case .floats(let numbers):
      writer.put(byte: 4)
      writer.put(numbers.map(\.bitPattern))
    case .other(let what):
      writer.put(byte: 5)
      writer.put(what)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0: self = .string(try reader.text())
    case 1: self = .strings(try reader.texts())
    case 2: self = .integers(try reader.numbers().map { Int64(bitPattern: $0) })
    case 3: self = .unsigned(try reader.numbers())
    case 4: self = .floats(try reader.numbers().map { Double(bitPattern: $0) })
    case 5: self = .other(try reader.text())
    default: throw WireReader.Garbled()
    }
  }
}
