import RawHDF5
import Testing
import Threads

@testable import HDF5

/// Walks that keep inner nodes and read leaves side by side, as on a slow store, against those that read one node after another.
@Suite struct SideBySideTests {
  private static let helpers = WorkerPool(threads: 8, waiting: 100)

  /// The tree as a reader of a slow store has it. Its latency comes down again as the nodes are read, in the middle of long walks.
  private func slow(_ tree: ChunkBTree) throws -> (tree: ChunkBTree, latency: ReadLatency) {
    let latency = ReadLatency()
    let file = try FileBytes(
      descriptor: tree.file.descriptor, length: tree.file.length, baseAddress: tree.file.baseAddress,
      offsetSize: tree.file.offsetSize, lengthSize: tree.file.lengthSize, latency: latency)
    let nodes = ChunkBTreeNodes(helpers: Self.helpers)
    return (
      try ChunkBTree(file: file, grid: tree.grid, root: tree.root, halfFanout: tree.halfFanout, nodes: nodes), latency
    )
  }

  private func makeSlow(_ latency: ReadLatency) {
    for _ in 0..<8 { latency.note(nanoseconds: 10_000_000) }
  }

  @Test(arguments: [Int?.some(32), .some(2), nil])
  func equalsOneByOne(_ halfFanout: Int?) throws {
    let count: UInt64 = 9000
    let fixture = try Fixture(
      dimensions: [count], chunk: [1], elementSize: 1, halfFanout: halfFanout.map { UInt32($0) }
    ) { dataset in
      for row in 0..<count where row % 7 != 0 { try dataset.writeChunk(at: [row], [UInt8(row % 251)]) }
    }
    let tree = try fixture.tree(halfFanout: halfFanout)
    let (slow, latency) = try slow(tree)
    let all = try tree.allLocations()
    #expect(all.count == (0..<Int(count)).count { $0 % 7 != 0 })
    for first in stride(from: UInt64(0), to: count, by: 331) {
      for length in [UInt64(1), 60, 512, 3000] {
        makeSlow(latency)
        #expect(latency.isSlow)
        let numbers = first..<min(first + length, count)
        #expect(try slow.locations(ofChunks: numbers) == all.filter { numbers.contains($0.number) })
      }
    }
    makeSlow(latency)
    #expect(try slow.allLocations() == all)
  }

  /// Of a damaged file both say the same, and neither more than is in the file.
  @Test(arguments: [UInt64(20), 21, 22])
  func damagedFiles(_ seed: UInt64) throws {
    let fixture = try Fixture(
      dimensions: [120, 2], chunk: [1, 1], filters: [.deflate(level: 1)], halfFanout: 4
    ) { dataset in
      for row in UInt64(0)..<120 {
        for column in UInt64(0)..<2 { try dataset.writeChunk(at: [row, column], [1, 2, 3, 4]) }
      }
    }
    let good = try fixture.file.bytes()
    let nodes = good.indices.dropLast(4).filter { good[$0..<$0 + 4].elementsEqual("TREE".utf8) }
    #expect(nodes.count > 20)
    let root = try #require(try fixture.tree(halfFanout: 4).root)
    var random = SeededGenerator(seed: seed)
    var failures = 0
    for _ in 0..<1000 {
      var bad = good
      for _ in 0...random.below(3) {
        let place = nodes[random.below(nodes.count)] + random.below(300)
        guard place < bad.count else { continue }
        // Any byte, or the address of a node where a child's may be.
        if random.below(2) == 0, place + 8 <= bad.count {
          let node = UInt64(nodes[random.below(nodes.count)])
          bad.replaceSubrange(place..<place + 8, with: (0..<8).map { UInt8(truncatingIfNeeded: node >> (8 * $0)) })
        } else {
          bad[place] = [0, 1, 2, 0x7f, 0x80, 0xff][random.below(6)]
        }
      }
      let memory = try DamagedFileTests.MemoryFile(bad)
      let file = try FileBytes(descriptor: memory.descriptor, length: UInt64(bad.count))
      let tree = try ChunkBTree(file: file, grid: fixture.grid, root: root, halfFanout: 4)
      let (slow, latency) = try slow(tree)
      for numbers in [0..<240, 40..<60, UInt64(100)..<200] {
        makeSlow(latency)
        let expected = Result { () throws(ChunkIndexError) in try tree.locations(ofChunks: numbers) }
        let found = Result { () throws(ChunkIndexError) in try slow.locations(ofChunks: numbers) }
        #expect(found == expected)
        if case .failure = expected { failures += 1 }
      }
    }
    #expect(failures > 100)
  }

  /// A chunk table over such a tree, asked from many threads.
  @Test func manyThreads() throws {
    let fixture = try Fixture(dimensions: [4000], chunk: [1], elementSize: 1) { dataset in
      for row in UInt64(0)..<4000 { try dataset.writeChunk(at: [row], [UInt8(row % 251)]) }
    }
    let tree = try fixture.tree()
    let (slow, latency) = try slow(tree)
    let table = ChunkTable(slow)
    #expect(!table.isKnown(0) && !table.isKnown(.max))
    let expected = try tree.allLocations().map(\.location)
    let wrong = Wrong()
    WorkerPool(threads: 8, waiting: 100).together(8) { seed in
      var random = SeededGenerator(seed: UInt64(seed))
      for _ in 0..<2000 {
        let number = random.below(4000)
        if number % 10 == 0 { latency.note(nanoseconds: 10_000_000) }
        if (try? table.location(ofChunk: UInt64(number))) != expected[number] {
          wrong.monitor.withLock { wrong.count += 1 }
        }
      }
    }
    #expect(wrong.monitor.withLock { wrong.count } == 0)
    #expect((0..<4000).allSatisfy { table.isKnown(UInt64($0)) } == true)
  }

  private final class Wrong: @unchecked Sendable {
    // Unchecked: only touched inside the monitor.
    let monitor = Monitor()
    var count = 0
  }
}
