import HDF5
import RawHDF5
import Synchronization
import Testing

@Suite struct ChunkTableTests {
  /// Notes what was asked for; every third chunk is missing.
  private final class Source: Sendable {
    let asked = Mutex<[Range<UInt64>]>([])

    func table(_ grid: ChunkGrid) -> ChunkTable {
      ChunkTable(grid: grid) { (numbers) throws(ChunkIndexError) in
        self.asked.withLock { $0.append(numbers) }
        return numbers.filter { $0 % 3 != 0 }.map { StoredChunk(number: $0, location: Source.location($0)) }
      }
    }

    static func location(_ number: UInt64) -> ChunkLocation {
      number % 3 == 0 ? .unallocated : ChunkLocation(address: number, size: UInt32(number % 1000), filterMask: 0)
    }
  }

  @Test func entriesHaveSixteenBytes() {
    #expect(MemoryLayout<ChunkLocation>.stride == 16)
  }

  @Test func loadsSegmentsOnce() throws {
    let grid = try ChunkGrid(datasetDimensions: [5000], chunkDimensions: [2])
    let source = Source()
    let table = source.table(grid)
    #expect(try table.location(ofChunk: 600) == Source.location(600))
    #expect(try table.location(ofChunk: 601) == Source.location(601))
    #expect(source.asked.withLock { $0 } == [512..<1024])
    #expect(try table.locations(ofChunks: 500..<2500) == (500..<2500).map(Source.location))
    #expect(source.asked.withLock { $0 } == [512..<1024, 0..<512, 1024..<2500])
    #expect(table.byteCount == 5 * 512 * 16)
    let (first, rows) = try table.locations(coveringRows: 7..<10)
    #expect(first == 3 && rows == [3, 4].map(Source.location))
    #expect(source.asked.withLock { $0.count } == 3)
    table.removeAll()
    #expect(table.byteCount == 0)
    #expect(try table.location(ofChunk: 2499) == Source.location(2499))
  }

  @Test func limits() throws {
    let grid = try ChunkGrid(datasetDimensions: [1 << 62], chunkDimensions: [1])
    let table = Source().table(grid)
    #expect(try table.location(ofChunk: (1 << 62) - 1) == Source.location((1 << 62) - 1))
    #expect(throws: ChunkIndexError.outOfRange(1 << 62, limit: 1 << 62)) { try table.location(ofChunk: 1 << 62) }
    #expect(throws: ChunkIndexError.self) { try table.locations(ofChunks: 0..<1 << 62) }
    #expect(try table.locations(ofChunks: 5..<5) == [])
    let empty = Source().table(try ChunkGrid(datasetDimensions: [0], chunkDimensions: [1]))
    #expect(try empty.locations(coveringRows: 0..<100).locations == [])
  }

  /// A loader that gives chunks it was not asked for is found out.
  @Test func strayChunks() throws {
    let grid = try ChunkGrid(datasetDimensions: [10], chunkDimensions: [1])
    let table = ChunkTable(grid: grid) { (_) throws(ChunkIndexError) in
      [StoredChunk(number: 10, location: .unallocated)]
    }
    #expect(throws: ChunkIndexError.outOfRange(10, limit: 10)) { try table.location(ofChunk: 0) }
  }

  @Test func manyThreads() async throws {
    let fixture = try Fixture(dimensions: [4000], chunk: [1], elementSize: 1) { dataset in
      for row in UInt64(0)..<4000 { try dataset.writeChunk(at: [row], [UInt8(row % 251)]) }
    }
    let expected = try fixture.recorded()
    let table = ChunkTable(try fixture.tree())
    let wrong = try await withThrowingTaskGroup(of: Int.self) { group in
      for seed in UInt64(0)..<8 {
        group.addTask {
          var random = SeededGenerator(seed: seed)
          return try (0..<2000).count { _ in
            let number = UInt64.random(in: 0..<4000, using: &random)
            return try table.location(ofChunk: number) != expected[Int(number)]
          }
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test func grids() throws {
    let grid = try ChunkGrid(datasetDimensions: [10, 7, 5], chunkDimensions: [3, 7, 2])
    #expect(grid.chunksPerDimension == [4, 1, 3] && grid.chunkCount == 12 && grid.chunksPerRow == 3)
    for number in 0..<grid.chunkCount {
      #expect(grid.offsets(ofChunk: number).flatMap { grid.number(ofChunkAt: $0) } == number)
    }
    #expect(grid.offsets(ofChunk: 12) == nil)
    #expect(grid.number(ofChunkAt: [3, 0, 1]) == nil && grid.number(ofChunkAt: [12, 0, 0]) == nil)
    #expect(grid.numbers(coveringRows: 2..<4) == 0..<6)
    #expect(grid.numbers(coveringRows: 9..<100) == 9..<12)
    #expect(grid.numbers(coveringRows: 10..<100).isEmpty)
    for (dataset, chunk) in [([1], []), ([], []), ([1], [0]), ([.max, .max], [1, 1]), ([.max], [1])]
      as [([UInt64], [UInt64])]
    {
      #expect(throws: ChunkIndexError.self) { try ChunkGrid(datasetDimensions: dataset, chunkDimensions: chunk) }
    }
    #expect(try ChunkGrid(datasetDimensions: [.max], chunkDimensions: [.max]).chunkCount == 1)
  }
}
