import HDF5
import RawHDF5
import Testing

/// The walker against libhdf5.
@Suite struct ChunkBTreeTests {
  /// Every chunk written, through filters, so that sizes differ.
  private func complete(
    _ dimensions: [UInt64], _ chunk: [UInt64], userBlock: UInt64 = 0, halfFanout: UInt32? = nil, offsetSize: Int = 8
  ) throws -> Fixture {
    try Fixture(
      dimensions: dimensions, chunk: chunk, filters: [.shuffle, .deflate(level: 1)], userBlock: userBlock,
      halfFanout: halfFanout, offsetSize: offsetSize
    ) { dataset in
      var random = SeededGenerator(seed: 7)
      try dataset.write(random.detectorBytes(count: Int(dimensions.reduce(2, *))), elementSize: 2)
    }
  }

  @Test(
    arguments: [
      ([10], [3]), ([1], [1]), ([300], [1]), ([40, 6], [1, 6]), ([41, 7], [4, 3]), ([9, 5, 4], [2, 2, 2]),
      ([3, 2, 4, 4], [1, 2, 4, 4]), ([5, 100], [5, 1]),
    ] as [([UInt64], [UInt64])])
  func equalsTheLibrary(dimensions: [UInt64], chunk: [UInt64]) throws {
    let fixture = try complete(dimensions, chunk)
    let reference = try fixture.reference()
    let tree = try fixture.tree()
    #expect(try tree.allLocations() == reference.stored())
    #expect(try fixture.tree(halfFanout: nil).allLocations() == reference.stored(), "K derived from what is read")
    // Each range of rows, against the chunks it touches.
    for first in 0..<dimensions[0] {
      for end in Set([first, first + 1, first + 3, dimensions[0] + 5]) where end >= first {
        let numbers = fixture.grid.numbers(coveringRows: first..<end)
        let part = Array(reference[Int(numbers.lowerBound)..<Int(numbers.upperBound)])
        #expect(try tree.locations(coveringRows: first..<end) == part.stored(from: numbers.lowerBound))
      }
    }
  }

  @Test(arguments: [UInt64(512), 2048])
  func userBlock(size: UInt64) throws {
    let fixture = try complete([300], [2], userBlock: size)
    #expect(try fixture.tree().allLocations() == fixture.reference().stored())
    #expect(try fixture.recorded() == fixture.reference())
    // That the addresses are right, and not only equal: the bytes there are the chunk.
    let file = try fixture.file.bytes()
    for chunk in try fixture.tree().allLocations() {
      let (stored, _) = try fixture.dataset.readChunk(at: [chunk.number * 2])
      let start = Int(chunk.location.address)
      #expect(Array(file[start..<start + Int(chunk.location.size)]) == stored)
    }
  }

  @Test func fourByteAddressesAndOtherFanouts() throws {
    // Not 1: libhdf5 1.10.8 itself crashed here with K = 1 (in the library; the cause was not looked into).
    for halfFanout in [2, 5, 100] {
      let fixture = try complete([500], [1], halfFanout: UInt32(halfFanout), offsetSize: 4)
      let reference = try fixture.recorded()
      #expect(reference.allSatisfy { $0.isAllocated })
      #expect(try fixture.tree(halfFanout: halfFanout).allLocations() == reference.stored())
      #expect(try fixture.tree(halfFanout: nil).allLocations() == reference.stored())
    }
  }

  @Test func holesAndFilterMasks() throws {
    let written: [UInt64] = [3, 4, 90, 91, 250, 299]
    let fixture = try Fixture(dimensions: [300, 4], chunk: [1, 4], filters: [.shuffle, .deflate(level: 1)]) {
      dataset in
      for row in written {
        try dataset.writeChunk(at: [row, 0], Array(repeating: 1, count: Int(row) + 1), skipping: UInt32(row % 4))
      }
    }
    let chunks = try fixture.tree().allLocations()
    #expect(chunks.map(\.number) == written)
    #expect(chunks.map { UInt64($0.location.size) } == written.map { $0 + 1 })
    #expect(chunks.map { UInt64($0.location.filterMask) } == written.map { $0 % 4 })
    #expect(try fixture.reference().stored() == chunks)
    #expect(try fixture.recorded().stored() == chunks)
    #expect(try fixture.tree().locations(coveringRows: 5..<90) == [])
    #expect(try fixture.tree().locations(coveringRows: 4..<91).map(\.number) == [4, 90])
  }

  @Test func nothingWritten() throws {
    let fixture = try Fixture(dimensions: [8], chunk: [2]) { _ in }
    #expect(try fixture.tree().root == nil)
    #expect(try fixture.tree().allLocations() == [])
    #expect(try fixture.recorded() == Array(repeating: .unallocated, count: 4))
  }

  /// Chunks written backwards and at random: the tree is not filled from left to right.
  @Test func writtenInAnyOrder() throws {
    var random = SeededGenerator(seed: 8)
    let rows = (UInt64(0)..<3000).shuffled(using: &random)
    let fixture = try Fixture(dimensions: [3000], chunk: [1], elementSize: 1) { dataset in
      for row in rows { try dataset.writeChunk(at: [row], [UInt8(row % 251)]) }
    }
    let chunks = try fixture.tree().allLocations()
    #expect(try chunks == fixture.recorded().stored())
    let file = try fixture.file.bytes()
    #expect(chunks.map { file[Int($0.location.address)] } == (0..<3000).map { UInt8($0 % 251) })
  }

  /// Three levels, 1e5 chunks.
  @Test func deepTree() throws {
    let count: UInt64 = 100_000
    let fixture = try Fixture(dimensions: [count], chunk: [1], elementSize: 1) { dataset in
      for row in 0..<count { try dataset.writeChunk(at: [row], [UInt8(row % 251)]) }
    }
    let tree = try fixture.tree()
    let chunks = try tree.allLocations()
    #expect(chunks.map(\.number) == Array(0..<count))
    let file = try fixture.file.bytes()
    #expect(chunks.allSatisfy { file[Int($0.location.address)] == UInt8($0.number % 251) && $0.location.size == 1 })
    for first in stride(from: UInt64(0), to: count, by: 997) {
      #expect(try tree.locations(coveringRows: first..<first + 64) == Array(chunks[Int(first)...].prefix(64)))
    }
  }

  /// The walker's layout message in an object header of version 2.
  @Test func newObjectHeader() throws {
    let fixture = try Fixture(dimensions: [100], chunk: [3], newHeader: true, userBlock: 512) { dataset in
      try dataset.write([UInt8](repeating: 1, count: 200), elementSize: 2)
    }
    let start = Int(fixture.objectHeader) + 512
    #expect(try fixture.file.bytes()[start..<start + 4].elementsEqual("OHDR".utf8))
    #expect(try fixture.tree().allLocations() == fixture.reference().stored())
  }

  @Test func otherLayoutsAreLeftToTheCaller() throws {
    let fixture = try Fixture(dimensions: [8], chunk: [2], latest: true) { dataset in
      try dataset.write(Array(0..<16), elementSize: 2)
    }
    let tree = try ChunkBTree(file: fixture.bytes, grid: fixture.grid, objectHeader: fixture.objectHeader)
    #expect(tree == nil)
  }

  @Test func gridOfAnotherDatasetIsRefused() throws {
    let fixture = try complete([8], [2])
    let grid = try ChunkGrid(datasetDimensions: [8], chunkDimensions: [4])
    #expect(throws: ChunkIndexError.self) {
      try ChunkBTree(file: fixture.bytes, grid: grid, objectHeader: fixture.objectHeader)
    }
    // Chunks that lie outside a smaller dataset.
    let smaller = try ChunkGrid(datasetDimensions: [4], chunkDimensions: [2])
    let tree = try ChunkBTree(file: fixture.bytes, grid: smaller, objectHeader: fixture.objectHeader)
    #expect(throws: ChunkIndexError.self) { try tree?.allLocations() }
  }
}
