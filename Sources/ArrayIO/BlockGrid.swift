/// How a dataset is cut into blocks, and where a flat range of its bytes lies in them.
///
/// A block is a chunk of the file, or for other layouts a stretch of rows of about a megabyte. Arithmetic only.
struct BlockGrid: Sendable {
  /// A stretch of bytes that is contiguous in the dataset and in one block.
  struct Piece: Equatable {
    var block: Int
    /// In bytes from the start of the block.
    var offset: Int
    var count: Int
  }

  /// Extents of the dataset and of a block, in elements; as many of each.
  let shape: [Int]
  let blockShape: [Int]
  let elementSize: Int
  /// Bytes of a whole block.
  let blockSize: Int
  /// Bytes of the dataset.
  let size: Int
  /// Bytes between neighbours along each axis, in the dataset and in a block.
  private let strides: [Int]
  private let blockStrides: [Int]
  /// Blocks between neighbours along each axis of the grid.
  private let gridStrides: [Int]
  let blockCount: Int
  /// The last axis along which a block is narrower than the dataset; everything further in is contiguous in both.
  private let cutAxis: Int

  /// - Returns: nil where a number overflows, or an extent is negative or a block empty.
  init?(shape: [Int], blockShape: [Int], elementSize: Int) {
    guard !shape.isEmpty, shape.count == blockShape.count, elementSize > 0,
      shape.allSatisfy({ $0 >= 0 }), blockShape.allSatisfy({ $0 > 0 }),
      let strides = Self.strides(shape, elementSize), let blockStrides = Self.strides(blockShape, elementSize)
    else { return nil }
    let grid = zip(shape, blockShape).map { $0 == 0 ? 0 : ($0 - 1) / $1 + 1 }
    guard let gridStrides = Self.strides(grid, 1) else { return nil }
    let (size, overflow) = strides[0].multipliedReportingOverflow(by: shape[0])
    let (blockSize, blockOverflow) = blockStrides[0].multipliedReportingOverflow(by: blockShape[0])
    let (blockCount, countOverflow) = gridStrides[0].multipliedReportingOverflow(by: grid[0])
    guard !overflow, !blockOverflow, !countOverflow else { return nil }
    self.shape = shape
    self.blockShape = blockShape
    self.elementSize = elementSize
    // The strides of a shape with a 0 in it are those of a 1 there.
    self.size = shape.contains(0) ? 0 : size
    self.blockSize = blockSize
    self.strides = strides
    self.blockStrides = blockStrides
    self.gridStrides = gridStrides
    self.blockCount = shape.contains(0) ? 0 : blockCount
    var axis = shape.count - 1
    while axis > 0, blockShape[axis] == shape[axis] { axis -= 1 }
    cutAxis = axis
  }

  /// Blocks of about `target` bytes that are contiguous in the dataset: whole rows as far as they fit.
  static func rows(of shape: [Int], elementSize: Int, target: Int) -> BlockGrid? {
    var blockShape = [Int](repeating: 1, count: shape.count)
    var bytes = elementSize
    for axis in shape.indices.reversed() {
      let fitting = max(1, min(shape[axis], target / max(1, bytes)))
      blockShape[axis] = fitting
      guard fitting == shape[axis] else { break }
      let (product, overflow) = bytes.multipliedReportingOverflow(by: fitting)
      guard !overflow else { return nil }
      bytes = product
    }
    return BlockGrid(shape: shape, blockShape: blockShape, elementSize: elementSize)
  }

  private static func strides(_ shape: [Int], _ unit: Int) -> [Int]? {
    var strides = [Int](repeating: unit, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      let (product, overflow) = strides[axis + 1].multipliedReportingOverflow(by: max(1, shape[axis + 1]))
      guard !overflow else { return nil }
      strides[axis] = product
    }
    return strides
  }

  /// The piece at byte `offset` of the dataset: as much of `count` as is contiguous.
  func piece(at offset: Int, _ count: Int) -> Piece {
    var rest = offset
    var block = 0
    var inside = 0
    var position = 0
    for axis in 0...cutAxis {
      position = rest / strides[axis]
      rest %= strides[axis]
      let (cell, step) = position.quotientAndRemainder(dividingBy: blockShape[axis])
      block += cell * gridStrides[axis]
      inside += step * blockStrides[axis]
      if axis == cutAxis { position = min(blockShape[axis] - step, shape[axis] - position) }
    }
    return Piece(block: block, offset: inside + rest, count: min(count, position * strides[cutAxis] - rest))
  }

  /// The bytes of a block of ``rows(of:elementSize:target:)``, which are contiguous in the dataset.
  func flatRange(of block: Int) -> Range<Int> {
    let (start, count) = extent(of: block)
    let first = zip(start, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return first..<(first + count.reduce(elementSize, *))
  }

  /// The elements of a block that are in the dataset: blocks at the far edges may hang over.
  func extent(of block: Int) -> (start: [Int], count: [Int]) {
    var rest = block
    var start: [Int] = []
    var count: [Int] = []
    for axis in shape.indices {
      let cell = rest / gridStrides[axis]
      rest %= gridStrides[axis]
      start.append(cell * blockShape[axis])
      count.append(min(blockShape[axis], shape[axis] - cell * blockShape[axis]))
    }
    return (start, count)
  }
}
