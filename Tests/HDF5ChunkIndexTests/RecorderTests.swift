import HDF5
import RawHDF5
import Testing

/// The recording driver, on every kind of index.
@Suite struct RecorderTests {
  /// A dataset of which libhdf5 makes one kind of index.
  struct Index: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var latest = true
    var dimensions: [UInt64] = [200, 6]
    var chunk: [UInt64] = [3, 6]
    var filters: [RawFilter] = [.shuffle, .deflate(level: 1)]
    var unlimited = 0
    var early = false

    static let all = [
      Index(testDescription: "B-tree v1", latest: false),
      Index(testDescription: "B-tree v1, growing", latest: false, unlimited: 1),
      Index(testDescription: "extensible array", unlimited: 1),
      Index(testDescription: "fixed array"),
      Index(testDescription: "fixed array, paged", dimensions: [5000, 1], chunk: [1, 1]),
      Index(testDescription: "B-tree v2", unlimited: 2),
      Index(testDescription: "implicit", filters: [], early: true),
      Index(testDescription: "single chunk", chunk: [200, 6]),
      Index(testDescription: "single chunk, plain", chunk: [200, 6], filters: []),
    ]
  }

  @Test(arguments: Index.all, [UInt64(0), 1024])
  func equalsTheLibrary(index: Index, userBlock: UInt64) throws {
    let fixture = try Fixture(
      dimensions: index.dimensions, chunk: index.chunk, filters: index.filters, unlimited: index.unlimited,
      early: index.early, userBlock: userBlock, latest: index.latest
    ) { dataset in
      var random = SeededGenerator(seed: 9)
      try dataset.write(random.detectorBytes(count: Int(index.dimensions.reduce(2, *))), elementSize: 2)
    }
    let recorded = try fixture.recorded()
    #expect(recorded.allSatisfy { $0.isAllocated })
    // The bytes noted are the chunk's.
    let file = try fixture.file.bytes()
    for (number, location) in zip(UInt64(0)..., recorded) {
      let (stored, mask) = try fixture.dataset.readChunk(at: fixture.grid.offsets(ofChunk: number) ?? [])
      let start = Int(location.address)
      #expect(Array(file[start..<start + Int(location.size)]) == stored)
      #expect(location.filterMask == mask)
    }
    if index.latest {
      #expect(try ChunkBTree(file: fixture.bytes, grid: fixture.grid, objectHeader: fixture.objectHeader) == nil)
    } else {
      #expect(try fixture.tree().allLocations() == recorded.stored())
    }
  }

  @Test(arguments: [0, 1, 2])
  func holes(unlimited: Int) throws {
    let fixture = try Fixture(
      dimensions: [50, 2], chunk: [1, 2], filters: [.deflate(level: 1)], unlimited: unlimited, latest: true
    ) { dataset in
      for row in [UInt64(4), 20] { try dataset.writeChunk(at: [row, 0], [1, 2, 3], skipping: 1) }
    }
    let recorded = try fixture.recorded()
    #expect(recorded.stored().map(\.number) == [4, 20])
    #expect(recorded[4].size == 3 && recorded[4].filterMask == 1)
    let part = try recordChunkLocations(datasetPath: "data", filePath: fixture.file.path, numbers: 3..<20)
    #expect(part == [StoredChunk(number: 4, location: recorded[4])])
  }

  @Test func failuresAreNamed() throws {
    let fixture = try Fixture(dimensions: [8], chunk: [2]) { try $0.write(Array(0..<16), elementSize: 2) }
    #expect(throws: ChunkIndexError.library(call: "H5Fopen", detail: "/nowhere")) {
      try recordChunkLocations(datasetPath: "data", filePath: "/nowhere", chunks: [])
    }
    #expect(throws: ChunkIndexError.library(call: "H5Dopen2", detail: "other")) {
      try recordChunkLocations(datasetPath: "other", filePath: fixture.file.path, chunks: [])
    }
    for offsets in [[1], [8], [0, 0], [], [UInt64.max]] as [[UInt64]] {
      #expect(throws: ChunkIndexError.self) {
        try recordChunkLocations(datasetPath: "data", filePath: fixture.file.path, chunks: [offsets])
      }
    }
  }
}
