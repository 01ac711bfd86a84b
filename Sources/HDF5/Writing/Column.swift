package import Wire

/// A dataset to be written: entries of one shape along the first axis, in chunks, with room to grow, as the data acquisition
/// makes them.
package struct Column: Sendable {
  /// The path below its source, with slashes.
  package var path: String
  package var values: Values
  /// The shape of one entry; empty for a scalar.
  package var entryShape: [Int]
  /// How many entries a chunk holds.
  package var chunkLength: Int
  /// Whether the length is rounded up to whole chunks, whose last entries then hold nothing.
  package var isPadded: Bool
  package var isCompressed: Bool
  /// Whether it lies in one piece and cannot grow: what is as long as it will ever be needs no chunks.
  package var isFixed: Bool
  package var attributes: [Attribute]

  package init(
    path: String, values: Values, entryShape: [Int] = [], chunkLength: Int = Column.slowChunkLength,
    isPadded: Bool = true, isCompressed: Bool = false, isFixed: Bool = false, attributes: [Attribute] = []
  ) {
    self.path = path
    self.values = values
    self.entryShape = entryShape
    self.chunkLength = chunkLength
    self.isPadded = isPadded
    self.isCompressed = isCompressed
    self.isFixed = isFixed
    self.attributes = attributes
  }

  /// What the data acquisition uses for values that come once a train.
  package static let slowChunkLength = 16

  /// 0 where an entry has no elements: how many there are of them cannot be told from the elements then.
  var entryCount: Int {
    let elements = entryShape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1 }
    return elements == 0 ? 0 : values.count / elements
  }

  /// The length of the dataset, padding included.
  var length: Int {
    isPadded && !isFixed ? (entryCount + chunkLength - 1) / chunkLength * chunkLength : entryCount
  }
}

/// An attribute of a dataset or group.
package struct Attribute: Sendable {
  package enum Value: Sendable {
    /// ASCII, as Karabo writes it.
    case text(String)
    case integer(Int32)
    /// UTF-8, as h5py writes it.
    case unicode(String)
    case unicodeList([String])
    /// A single number.
    case unsigned(UInt32)
  }

  package let name: String
  package let value: Value

  package init(name: String, value: Value) {
    self.name = name
    self.value = value
  }
}

extension Column: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(values)
    writer.put(entryShape)
    writer.put(chunkLength)
    for flag in [isPadded, isCompressed, isFixed] { writer.put(flag) }
    writer.put(attributes)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    values = try Values(from: &reader)
    entryShape = try reader.integers()
    chunkLength = try reader.integer()
    isPadded = try reader.flag()
    isCompressed = try reader.flag()
    isFixed = try reader.flag()
    attributes = try reader.values()
    guard chunkLength > 0, entryShape.allSatisfy({ $0 >= 0 }) else { throw WireReader.Garbled() }
  }
}

extension Attribute: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(name)
    switch value {
    case .text(let text):
      writer.put(byte: 0)
      writer.put(text)
    case .integer(let number):
      writer.put(byte: 1)
      writer.put(Int(number))
    case .unicode(let text):
      writer.put(byte: 2)
      writer.put(text)
    case .unicodeList(let texts):
      writer.put(byte: 3)
      writer.put(texts)
    case .unsigned(let number):
      writer.put(byte: 4)
      writer.put(UInt64(number))
    }
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    name = try reader.text()
    switch try reader.byte() {
    case 0: value = .text(try reader.text())
    case 1: value = .integer(Int32(truncatingIfNeeded: try reader.integer()))
    case 2: value = .unicode(try reader.text())
    case 3: value = .unicodeList(try reader.texts())
    case 4: value = .unsigned(UInt32(truncatingIfNeeded: try reader.number()))
    default: throw WireReader.Garbled()
    }
  }
}
