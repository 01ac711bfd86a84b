/// What a dataset's data layout message says, as far as the B-tree walker can use it ("HDF5 File Format Specification",
/// IV.A.2.i).
public enum DataLayout: Hashable, Sendable {
  /// Message version 3, class 2: chunks indexed by a version 1 B-tree. `root` is nil if no chunk was ever written.
  case chunkedByBTree(root: UInt64?, chunkDimensions: [UInt64], elementSize: UInt64)
  /// Anything else: another way to the data is needed.
  case other(version: UInt8, layoutClass: UInt8?)

  /// - Parameter address: of the message's object header, for the error.
  /// - Throws: `malformed` for a message that ends too early or has an impossible rank.
  init(message: ArraySlice<UInt8>, of file: FileBytes, address: UInt64) throws(ChunkIndexError) {
    var cursor = ByteCursor(message)
    guard let version = cursor.number(1), let layoutClass = cursor.number(1) else {
      throw .malformed(what: "data layout message of \(message.count) bytes", address: address)
    }
    guard version == 3 else {
      // Versions 1 and 2 have the rank where version 3 has the class.
      self = .other(version: UInt8(version), layoutClass: version == 4 ? UInt8(layoutClass) : nil)
      return
    }
    guard layoutClass == 2 else {
      self = .other(version: 3, layoutClass: UInt8(layoutClass))
      return
    }
    // The "dimensionality" counts the element size as a last dimension.
    guard let dimensionality = cursor.number(1), dimensionality >= 2, dimensionality <= ChunkGrid.maximumRank + 1,
      let root = cursor.number(file.offsetSize)
    else { throw .malformed(what: "data layout message without a usable rank", address: address) }
    var dimensions: [UInt64] = []
    for _ in 0..<dimensionality {
      guard let dimension = cursor.number(4), dimension > 0 else {
        throw .malformed(what: "data layout message without all chunk dimensions", address: address)
      }
      dimensions.append(dimension)
    }
    let elementSize = dimensions.removeLast()
    self = .chunkedByBTree(
      root: root == file.undefinedAddress ? nil : root, chunkDimensions: dimensions, elementSize: elementSize)
  }
}
