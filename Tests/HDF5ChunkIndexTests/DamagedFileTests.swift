import Glibc
import HDF5
import RawHDF5
import Testing

/// Damaged files: the walker throws or gives locations inside the file, never traps, never runs on.
@Suite struct DamagedFileTests {
  /// Bytes as a file without a name.
  struct MemoryFile: ~Copyable {
    let descriptor: Int32
    let length: Int

    init(_ bytes: [UInt8]) throws {
      var template = Array("/tmp/xfelfs-damaged-XXXXXX".utf8CString)
      descriptor = mkstemp(&template)
      unlink(template)
      length = bytes.count
      guard descriptor >= 0, pwrite(descriptor, bytes, length, 0) == length else { throw POSIXFailure() }
    }

    deinit {
      close(descriptor)
    }
  }

  /// Everything one can ask of such a file. Returns whether it went without an error.
  private func isReadable(
    _ bytes: [UInt8], _ grid: ChunkGrid, objectHeader: UInt64, userBlock: UInt64, halfFanout: Int?
  ) throws -> Bool {
    let memory = try MemoryFile(bytes)
    let file = try FileBytes(descriptor: memory.descriptor, length: UInt64(bytes.count), baseAddress: userBlock)
    do throws(ChunkIndexError) {
      let tree = try ChunkBTree(file: file, grid: grid, objectHeader: objectHeader, halfFanout: halfFanout)
      guard let tree else { return false }
      let all = try tree.allLocations()
      let some = try tree.locations(coveringRows: 20..<30)
      for chunk in all + some {
        let (end, overflow) = chunk.location.address.addingReportingOverflow(UInt64(chunk.location.size))
        #expect(!overflow && end <= UInt64(bytes.count) && chunk.number < grid.chunkCount)
      }
      #expect(zip(all, all.dropFirst()).allSatisfy { $0.number < $1.number })
      return true
    } catch {
      #expect(!error.description.isEmpty)
      return false
    }
  }

  private func sample(userBlock: UInt64, halfFanout: UInt32) throws -> Fixture {
    try Fixture(
      dimensions: [120, 2], chunk: [1, 1], filters: [.deflate(level: 1)], userBlock: userBlock, halfFanout: halfFanout
    ) { dataset in
      for row in UInt64(0)..<120 {
        for column in UInt64(0)..<2 { try dataset.writeChunk(at: [row, column], [1, 2, 3, 4]) }
      }
    }
  }

  /// Places in a file where structures lie that the walker reads.
  private func structures(_ bytes: [UInt8], objectHeader: Int) -> [Int] {
    let nodes = bytes.indices.dropLast(4).filter { bytes[$0..<$0 + 4].elementsEqual("TREE".utf8) }
    return [objectHeader] + nodes
  }

  @Test(arguments: [(UInt64(0), Int?.some(4)), (512, 4), (0, nil)])
  func mutations(userBlock: UInt64, halfFanout: Int?) throws {
    let fixture = try sample(userBlock: userBlock, halfFanout: 4)
    let good = try fixture.file.bytes()
    let header = fixture.objectHeader
    #expect(
      try isReadable(good, fixture.grid, objectHeader: header, userBlock: userBlock, halfFanout: halfFanout))
    let places = structures(good, objectHeader: Int(header + userBlock))
    #expect(places.count > 20)
    var random = SeededGenerator(seed: 10 + userBlock)
    let interesting: [UInt8] = [0, 1, 2, 0x7f, 0x80, 0xff]
    for _ in 0..<3000 {
      var bad = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard let start = places.randomElement(using: &random) else { return }
        let place = start + Int.random(in: 0..<300, using: &random)
        guard bad.indices.contains(place) else { continue }
        bad[place] = interesting.randomElement(using: &random) ?? 0
        if Bool.random(using: &random) { bad[place] = UInt8.random(in: 0...255, using: &random) }
      }
      _ = try isReadable(bad, fixture.grid, objectHeader: header, userBlock: userBlock, halfFanout: halfFanout)
    }
  }

  @Test func truncations() throws {
    let fixture = try sample(userBlock: 0, halfFanout: 4)
    let good = try fixture.file.bytes()
    for count in stride(from: 0, to: good.count, by: 37) {
      _ = try isReadable(
        Array(good[..<count]), fixture.grid, objectHeader: fixture.objectHeader, userBlock: 0, halfFanout: 4)
    }
  }

  @Test func headerAnywhere() throws {
    let fixture = try sample(userBlock: 0, halfFanout: 4)
    let good = try fixture.file.bytes()
    for address in Array(0..<UInt64(good.count) + 8) + [.max, .max - 8, 1 << 63] {
      let found = try? ChunkBTree(file: fixture.bytes, grid: fixture.grid, objectHeader: address)
      #expect(found == nil || address == fixture.objectHeader)
    }
  }

  /// A child that is its own parent, and one node under all keys.
  @Test func loops() throws {
    let fixture = try sample(userBlock: 0, halfFanout: 4)
    guard let root = try fixture.tree(halfFanout: 4).root else { throw NoTree() }
    let good = try fixture.file.bytes()
    let start = Int(root)
    let firstChild = start + 24 + 32
    for target in [good[start + 8..<start + 8], good[firstChild..<firstChild + 8]] + [root.littleEndianBytes[...]] {
      guard target.count == 8 else { continue }
      for child in 0..<8 {
        var bad = good
        let place = firstChild + child * 40
        bad.replaceSubrange(place..<place + 8, with: target)
        guard bad != good else { continue }
        #expect(
          try !isReadable(bad, fixture.grid, objectHeader: fixture.objectHeader, userBlock: 0, halfFanout: 4)
            || child >= Int(good[start + 6]))
      }
    }
  }

  /// A file that became shorter after its length was taken.
  @Test func shrunkFile() throws {
    let fixture = try sample(userBlock: 0, halfFanout: 4)
    let good = try fixture.file.bytes()
    let memory = try MemoryFile(Array(good[..<900]))
    let file = try FileBytes(descriptor: memory.descriptor, length: UInt64(good.count))
    #expect(throws: ChunkIndexError.self) {
      try ChunkBTree(file: file, grid: fixture.grid, objectHeader: fixture.objectHeader)?.allLocations()
    }
  }

  @Test func closedDescriptor() throws {
    let fixture = try sample(userBlock: 0, halfFanout: 4)
    let file = try FileBytes(descriptor: -1, length: 1 << 20)
    #expect(throws: ChunkIndexError.system(call: "pread", errno: EBADF)) {
      try ChunkBTree(file: file, grid: fixture.grid, objectHeader: 96)
    }
  }
}

extension UInt64 {
  /// As it stands in a file.
  fileprivate var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
