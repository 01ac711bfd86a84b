import RawHDF5
import Testing

@testable import ArrayIO

@Suite struct BlockGridTests {
  /// Which block a byte of the dataset is in, and where in the block: index by index, axis by axis.
  private func naive(_ shape: [Int], _ block: [Int], _ elementSize: Int, _ byte: Int) -> (block: Int, offset: Int) {
    var rest = byte / elementSize
    var index = [Int](repeating: 0, count: shape.count)
    for axis in shape.indices.reversed() {
      index[axis] = rest % shape[axis]
      rest /= shape[axis]
    }
    var (number, inside) = (0, 0)
    for axis in shape.indices {
      number = number * ((shape[axis] + block[axis] - 1) / block[axis]) + index[axis] / block[axis]
      inside = inside * block[axis] + index[axis] % block[axis]
    }
    return (number, inside * elementSize + byte % elementSize)
  }

  @Test func piecesAgreeWithCounting() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<400 {
      let rank = random.below(4) + 1
      let shape = (0..<rank).map { _ in random.below(6) + 1 }
      // Blocks larger than the dataset are legal, and hang over.
      let block = (0..<rank).map { _ in random.below(8) + 1 }
      let elementSize = [1, 2, 3, 8][random.below(4)]
      let grid = try #require(BlockGrid(shape: shape, blockShape: block, elementSize: elementSize))
      #expect(grid.size == shape.reduce(elementSize, *) && grid.blockSize == block.reduce(elementSize, *))
      #expect(grid.blockCount == zip(shape, block).map { ($0 + $1 - 1) / $1 }.reduce(1, *))
      var offset = random.below(grid.size)
      let end = offset + random.below(grid.size - offset) + 1
      while offset < end {
        let piece = grid.piece(at: offset, end - offset)
        try #require(piece.count > 0 && offset + piece.count <= end)
        for byte in 0..<piece.count {
          let expected = naive(shape, block, elementSize, offset + byte)
          #expect(
            expected.block == piece.block && expected.offset == piece.offset + byte, "\(shape) \(block) at \(offset)")
        }
        offset += piece.count
      }
    }
  }

  /// A piece is as long as it can be: what follows it lies elsewhere.
  @Test func piecesAreNotCutShort() throws {
    let grid = try #require(BlockGrid(shape: [4, 6, 5], blockShape: [2, 3, 5], elementSize: 2))
    #expect(grid.piece(at: 0, 1000) == BlockGrid.Piece(block: 0, offset: 0, count: 30))
    #expect(grid.piece(at: 30, 1000) == BlockGrid.Piece(block: 1, offset: 0, count: 30))
    let rows = try #require(BlockGrid(shape: [10, 6], blockShape: [4, 6], elementSize: 1))
    #expect(rows.piece(at: 3, 1000) == BlockGrid.Piece(block: 0, offset: 3, count: 21))
    #expect(rows.piece(at: 50, 1000) == BlockGrid.Piece(block: 2, offset: 2, count: 10))
  }

  @Test func extentsTileTheDataset() throws {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<200 {
      let rank = random.below(3) + 1
      let shape = (0..<rank).map { _ in random.below(7) + 1 }
      let block = (0..<rank).map { _ in random.below(9) + 1 }
      let grid = try #require(BlockGrid(shape: shape, blockShape: block, elementSize: 1))
      var met = 0
      for number in 0..<grid.blockCount {
        let (start, count) = grid.extent(of: number)
        met += count.reduce(1, *)
        for axis in 0..<rank {
          #expect(count[axis] > 0 && count[axis] <= block[axis] && start[axis] % block[axis] == 0)
          #expect(start[axis] + count[axis] <= shape[axis])
        }
        let flat = zip(shape, start).reduce(0) { $0 * $1.0 + $1.1 }
        #expect(grid.piece(at: flat, 1).block == number && grid.piece(at: flat, 1).offset == 0)
      }
      #expect(met == shape.reduce(1, *))
    }
  }

  @Test func blocksOfRowsAreContiguousAndNotTooLarge() throws {
    var random = SeededGenerator(seed: 13)
    for _ in 0..<300 {
      let shape = (0..<(random.below(4) + 1)).map { _ in random.below(40) + 1 }
      let elementSize = random.below(16) + 1
      let target = random.below(4000) + 1
      let grid = try #require(BlockGrid.rows(of: shape, elementSize: elementSize, target: target))
      #expect(grid.blockSize <= max(target, elementSize))
      // From a block's beginning, all of it is one piece, but for what hangs over.
      for number in 0..<min(4, grid.blockCount) {
        let (start, count) = grid.extent(of: number)
        let flat = zip(shape, start).reduce(0) { $0 * $1.0 + $1.1 } * elementSize
        #expect(grid.piece(at: flat, .max).count == count.reduce(elementSize, *))
      }
    }
  }

  @Test func emptyDatasetsHaveNoBlocks() throws {
    for shape in [[0], [0, 5], [5, 0], [0, 0]] {
      let grid = try #require(BlockGrid(shape: shape, blockShape: shape.map { _ in 2 }, elementSize: 4))
      #expect(grid.size == 0 && grid.blockCount == 0)
      #expect(BlockGrid.rows(of: shape, elementSize: 4, target: 100)?.size == 0)
    }
  }

  @Test func absurdNumbersAreRefused() {
    let huge = 1 << 40
    #expect(BlockGrid(shape: [huge, huge], blockShape: [1, 1], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [4, 4], blockShape: [huge, huge], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [huge, 1 << 21], blockShape: [1, 1], elementSize: 8) == nil)
    #expect(BlockGrid(shape: [0, huge, huge], blockShape: [1, 1, 1], elementSize: 8) == nil)
    #expect(BlockGrid.rows(of: [huge, huge], elementSize: 1, target: 1 << 20) == nil)
    #expect(BlockGrid(shape: [], blockShape: [], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [4], blockShape: [0], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [4], blockShape: [-1], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [-4], blockShape: [1], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [4], blockShape: [1, 1], elementSize: 1) == nil)
    #expect(BlockGrid(shape: [4], blockShape: [1], elementSize: 0) == nil)
  }
}
