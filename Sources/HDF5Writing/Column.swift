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

  var entryCount: Int { values.count / entryShape.reduce(1, *) }

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
