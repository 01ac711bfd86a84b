public import Wire

extension Datatype: WireValue {
  public func write(to writer: inout WireWriter) {
    switch self {
    case .integer(let size, let signed, let order, let isWhole):
      writer.put(byte: 0)
      writer.put(size)
      writer.put(signed)
      writer.put(order == .big)
      writer.put(isWhole)
    case .float(let size, let order):
      writer.put(byte: 1)
      writer.put(size)
      writer.put(order == .big)
    case .fixedString(let length, let padding, let isUTF8):
      writer.put(byte: 2)
      writer.put(length)
      writer.put(byte: StringPadding.all.firstIndex(of: padding).map { UInt8($0) } ?? 0)
      writer.put(isUTF8)
    case .variableString(let isUTF8):
      writer.put(byte: 3)
      writer.put(isUTF8)
    case .enumeration(let base, let members):
      writer.put(byte: 4)
      writer.put(base)
      writer.put(members.count)
      for (name, value) in members.sorted(by: { $0.key < $1.key }) {
        writer.put(name)
        writer.put(UInt64(bitPattern: value))
      }
    case .compound(let size, let fields):
      writer.put(byte: 5)
      writer.put(size)
      writer.put(fields)
    case .array(let base, let shape):
      writer.put(byte: 6)
      writer.put(base)
      writer.put(shape)
    case .opaque(let size, let tag):
      writer.put(byte: 7)
      writer.put(size)
      writer.put(tag)
    case .bitfield(let size, let order):
      writer.put(byte: 8)
      writer.put(size)
      writer.put(order == .big)
    case .unsupported(let what):
      writer.put(byte: 9)
      writer.put(what)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    try self.init(from: &reader, depth: 0)
  }

  /// No type is nested deeper (`Datatype.init(id:depth:_:)`), and a message that goes on and on must not end this process.
  private static let deepest = 32

  private init(from reader: inout WireReader, depth: Int) throws(WireReader.Garbled) {
    guard depth < Self.deepest else { throw WireReader.Garbled() }
    switch try reader.byte() {
    case 0:
      self = .integer(
        size: try Self.size(&reader), signed: try reader.flag(), order: try reader.flag() ? .big : .little,
        isWhole: try reader.flag())
    case 1: self = .float(size: try Self.size(&reader), order: try reader.flag() ? .big : .little)
    case 2:
      let length = try Self.size(&reader)
      let padding = Int(try reader.byte())
      guard padding < StringPadding.all.count else { throw WireReader.Garbled() }
      self = .fixedString(length: length, padding: StringPadding.all[padding], isUTF8: try reader.flag())
    case 3: self = .variableString(isUTF8: try reader.flag())
    case 4:
      let base = try Datatype(from: &reader, depth: depth + 1)
      var members: [String: Int64] = [:]
      for _ in 0..<(try reader.count(ofSize: 16)) {
        let name = try reader.text()
        members[name] = Int64(bitPattern: try reader.number())
      }
      self = .enumeration(base: base, members: members)
    case 5:
      let size = try Self.size(&reader)
      var fields: [Field] = []
      for _ in 0..<(try reader.count(ofSize: 16)) {
        let name = try reader.text()
        let offset = try Self.size(&reader)
        fields.append(Field(name: name, offset: offset, type: try Datatype(from: &reader, depth: depth + 1)))
      }
      self = .compound(size: size, fields: fields)
    case 6:
      let base = try Datatype(from: &reader, depth: depth + 1)
      let shape = try reader.integers()
      guard shape.allSatisfy({ $0 >= 0 }) else { throw WireReader.Garbled() }
      self = .array(base: base, shape: shape)
    case 7: self = .opaque(size: try Self.size(&reader), tag: try reader.text())
    case 8: self = .bitfield(size: try Self.size(&reader), order: try reader.flag() ? .big : .little)
    case 9: self = .unsupported(try reader.text())
    default: throw WireReader.Garbled()
    }
  }

  /// A size or an offset: libhdf5 keeps them in 32 bits.
  private static func size(_ reader: inout WireReader) throws(WireReader.Garbled) -> Int {
    let size = try reader.integer()
    guard size >= 0, size <= Int(Int32.max) else { throw WireReader.Garbled() }
    return size
  }
}

extension Datatype.Field: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(name)
    writer.put(offset)
    writer.put(type)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    name = try reader.text()
    offset = try reader.integer()
    type = try Datatype(from: &reader)
  }
}

extension StringPadding {
  /// What distinguishes them in a message is their place in this list.
  fileprivate static let all: [StringPadding] = [.nullTerminated, .nullPadded, .spacePadded]
}
