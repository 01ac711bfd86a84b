internal import ArrayIO
internal import HDF5

/// Which entries of an array count, column by column: what a detector's modules lack fills a gap and does not count.
struct Presence: Sendable {
  /// Columns that are alike follow each other this many at a time.
  let stretch: Int
  private let source: any ArraySource
  /// Extents behind the first axis, of the array and of the presence.
  private let shape: [Int]
  private let extents: [Int]
  /// Flags for one row.
  let width: Int
  /// Whether all rows are alike.
  private let isConstant: Bool

  /// - Returns: nil where everything counts.
  init?(of array: any ArraySource) {
    guard let source = array.presence else { return nil }
    shape = Array(array.description.shape.dropFirst())
    extents = Array(source.description.shape.dropFirst())
    self.source = source
    width = extents.reduce(1, *)
    isConstant = source.description.shape.first == 1
    var inner = 1
    var axis = shape.count
    while axis > 0, extents[axis - 1] == 1 {
      inner *= shape[axis - 1]
      axis -= 1
    }
    stretch = max(1, inner)
  }

  /// The flags of some rows, ``width`` each.
  func flags(_ rows: Range<Int>) throws(ReadError) -> [UInt8] {
    let count = isConstant ? 1 : rows.count
    let buffer = Buffer(count * width)
    let flags = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(count * width)])
    try source.read(dataAt: isConstant ? 0 : rows.lowerBound * width, into: flags)
    guard isConstant else { return Array(flags) }
    return rows.flatMap { _ in Array(flags) }
  }

  /// Which of a row's flags is a column's.
  func flag(ofColumn column: Int) -> Int {
    var rest = column
    var flag = 0
    var step = 1
    for axis in shape.indices.reversed() {
      let position = rest % shape[axis]
      rest /= shape[axis]
      if extents[axis] > 1 { flag += position * step }
      step *= extents[axis]
    }
    return flag
  }
}
