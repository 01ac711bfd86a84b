import Glibc
import RawHDF5
import Synchronization
import TestRuns
import Testing

@testable import ArrayIO
@testable import HDF5

/// Reading ahead as on a slow store: neighbouring chunks at once.
@Suite struct SlowStoreTests {
  private static let rows = 300
  /// 64 x 64 of two bytes: 8 KiB a row.
  private static let row = [64, 64]
  private static let rowSize = 8192

  private struct Opened {
    let directory: TemporaryDirectory
    let bytes: [UInt8]
    let services: ReadServices
    let dataset: StoredDataset

    /// As after many slow reads; a dozen quick ones make it forget.
    func makeSlow() {
      for _ in 0..<8 { services.descriptors.latency.note(nanoseconds: 10_000_000) }
    }

    func read(at offset: Int, _ count: Int) throws -> [UInt8] {
      var output = [UInt8](repeating: 0xEE, count: count)
      let result = output.withUnsafeMutableBytes { buffer in
        Result { () throws(ReadError) in
          var sink = PieceSink(buffer: buffer, isStreaming: false)
          try dataset.gather(at: offset, count, into: &sink)
          sink.settle(in: buffer)
        }
      }
      try result.get()
      return output
    }
  }

  private func open(chunk: [Int], filters: [RawFilter], cacheSize: Int = 64 << 20) throws -> Opened {
    let directory = try TemporaryDirectory()
    var random = SeededGenerator(seed: 51)
    let bytes = random.detectorBytes(count: Self.rows * Self.rowSize)
    try directory.writeHDF5("slow.h5") { file in
      try file.dataset(
        "d", .uint16, shape: [Self.rows] + Self.row, .bytes(bytes), layout: .chunked(chunk), filters: filters)
    }
    return try open(directory, bytes, cacheSize: cacheSize)
  }

  private func open(_ directory: TemporaryDirectory, _ bytes: [UInt8], cacheSize: Int = 64 << 20) throws -> Opened {
    let path = "\(directory.path)/slow.h5"
    let file = FileReference(path: path, identity: try #require(FileIdentity(path: path)))
    let type = Datatype.integer(size: 2, signed: false, order: .little, isWhole: true)
    let reference = DatasetReference(file: file, object: "d", elements: .numpy(type))
    let services = ReadServices(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: cacheSize, prefetches: true)
    let dataset = try StoredDataset(reference, identifier: DatasetStore.nextIdentifier(), services)
    return Opened(directory: directory, bytes: bytes, services: services, dataset: dataset)
  }

  @Test(
    arguments: [
      ([1, 64, 64], 64 << 20), ([3, 64, 64], 64 << 20), ([4, 32, 33], 64 << 20), ([1, 64, 64], 1),
    ] as [([Int], Int)])
  func anyRange(_ chunk: [Int], _ cacheSize: Int) throws {
    let opened = try open(chunk: chunk, filters: [.shuffle, .deflate(level: 1)], cacheSize: cacheSize)
    guard case .filteredChunks = opened.dataset.access else { throw Unexpected() }
    var random = SeededGenerator(seed: 52)
    for _ in 0..<40 {
      opened.makeSlow()
      #expect(opened.services.descriptors.isSlow)
      let offset = random.below(opened.bytes.count)
      let ahead = random.below(opened.bytes.count - offset + 1)
      opened.dataset.prefetch(at: offset, ahead)
      let count = random.below(min(ahead, 300_000) + 1)
      #expect(try opened.read(at: offset, count) == Array(opened.bytes[offset..<(offset + count)]))
    }
    opened.makeSlow()
    #expect(try opened.read(at: 0, opened.bytes.count) == opened.bytes)
  }

  /// Every third chunk is damaged: its neighbours, which are read with it, are right, and it is an error, however often one asks.
  @Test func damagedChunks() throws {
    let good = try open(chunk: [1, 64, 64], filters: [.fletcher32])
    guard case .filteredChunks(let table, _) = good.dataset.access else { throw Unexpected() }
    var file = try good.directory.read("slow.h5")
    for row in stride(from: 0, to: Self.rows, by: 3) {
      file[Int(try table.location(ofChunk: UInt64(row)).address) + 100] ^= 0xFF
    }
    try good.directory.write("slow.h5", file)
    let opened = try open(good.directory, good.bytes)
    for _ in 0..<3 {
      opened.makeSlow()
      opened.dataset.prefetch(at: 0, opened.bytes.count)
      for row in 0..<Self.rows {
        let place = row * Self.rowSize
        if row % 3 == 0 {
          #expect(throws: ReadError.self) { try opened.read(at: place, Self.rowSize) }
        } else {
          #expect(try opened.read(at: place, Self.rowSize) == Array(opened.bytes[place..<place + Self.rowSize]))
        }
      }
    }
  }

  private struct Unexpected: Error {}

  /// Parts of a file, and what lies between them, in one read.
  @Test func scatteredParts() throws {
    let directory = try TemporaryDirectory()
    let bytes = pattern(100_000)
    try directory.write("f.h5", bytes)
    let path = "\(directory.path)/f.h5"
    let file = FileReference(path: path, identity: try #require(FileIdentity(path: path)))
    let descriptors = Descriptors(FileOpener())
    var random = SeededGenerator(seed: 53)
    for _ in 0..<200 {
      let start = random.below(50_000)
      var place = start
      var ranges: [(Range<Int>, isWanted: Bool)] = []
      for number in 0...random.below(40) {
        let count = random.below(1200)
        ranges.append((place..<place + count, number % 2 == 0))
        place += count
      }
      var output = [UInt8](repeating: 0xEE, count: 100_000)
      try output.withUnsafeMutableBytes { buffer in
        let parts = ranges.map { range, isWanted -> Descriptors.Part in
          isWanted ? .bytes(UnsafeMutableRawBufferPointer(rebasing: buffer[range])) : .gap(range.count)
        }
        try descriptors.read(file, "o", at: UInt64(start), into: parts)
      }
      for (range, isWanted) in ranges {
        #expect(output[range].elementsEqual(isWanted ? bytes[range] : ArraySlice(repeating: 0xEE, count: range.count)))
      }
    }
    var byte: [UInt8] = [0, 0]
    byte.withUnsafeMutableBytes { buffer in
      let first = UnsafeMutableRawBufferPointer(rebasing: buffer[..<1])
      let second = UnsafeMutableRawBufferPointer(rebasing: buffer[1...])
      for (offset, gap) in [(99_990, 9), (UInt64.max, 1), (UInt64.max - 8, 4), (1 << 63, 5)] {
        #expect(throws: ReadError.self) {
          try descriptors.read(file, "o", at: offset, into: [.bytes(first), .gap(gap), .bytes(second)])
        }
      }
    }
  }
}
