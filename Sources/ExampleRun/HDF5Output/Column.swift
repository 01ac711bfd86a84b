/// A dataset to be written: entries of one shape along the first axis, in chunks, with room to grow, as the data acquisition
/// makes them.
struct Column: Sendable {
  /// The path below its source, with slashes.
  var path: String
  var values: Values
  /// The shape of one entry; empty for a scalar.
  var entryShape: [Int] = []
  /// How many entries a chunk holds.
  var chunkLength = Column.slowChunkLength
  /// Whether the length is rounded up to whole chunks, whose last entries then hold nothing.
  var isPadded = true
  var isCompressed = false
  var attributes: [Attribute] = []

  /// What the data acquisition uses for values that come once a train.
  static let slowChunkLength = 16

  var entryCount: Int { values.count / entryShape.reduce(1, *) }

  /// The length of the dataset, padding included.
  var length: Int {
    isPadded ? (entryCount + chunkLength - 1) / chunkLength * chunkLength : entryCount
  }
}

/// An attribute of a dataset or group.
struct Attribute: Sendable {
  enum Value: Sendable {
    case text(String)
    case integer(Int32)
  }

  let name: String
  let value: Value
}
