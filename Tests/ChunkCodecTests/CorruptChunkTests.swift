import ChunkCodec
import RawHDF5
import Testing

/// Damaged chunks throw, and never trap.
@Suite struct CorruptChunkTests {
  /// A chunk of 4-byte elements written through libhdf5.
  private func stored(_ filters: [RawFilter], _ data: [UInt8]) throws -> [UInt8] {
    let file = try RawFile()
    let count = UInt64(data.count / 4)
    let dataset = try RawDataset(
      creating: "data", in: file, elementSize: 4, dimensions: [count], chunk: [count], filters: filters)
    try dataset.write(data, elementSize: 4)
    return try dataset.readChunk(at: [0]).stored
  }

  private func sample() -> [UInt8] {
    var random = SeededGenerator(seed: 3)
    return random.detectorBytes(count: 4000)
  }

  @Test func fletcher32FindsEachBit() throws {
    let good = try stored([.fletcher32], sample())
    let pipeline = try FilterPipeline([.fletcher32])
    for place in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[place] ^= 0x10
      #expect(throws: CodecError.self) { try decoded(bad, count: 4000, pipeline) }
    }
  }

  /// What libhdf5 before 1.6.3 wrote.
  @Test func fletcher32MayBeSwapped() throws {
    var bytes = try stored([.fletcher32], sample())
    bytes.swapAt(4000, 4001)
    bytes.swapAt(4002, 4003)
    #expect(try decoded(bytes, count: 4000, FilterPipeline([.fletcher32])) == sample())
  }

  @Test func truncatedAtEachByte() throws {
    let good = try stored([.shuffle, .deflate(level: 1), .fletcher32], sample())
    let pipeline = try FilterPipeline([.shuffle(elementSize: 4), .deflate, .fletcher32])
    let unchecked = try FilterPipeline([.shuffle(elementSize: 4), .deflate])
    for count in 0..<good.count {
      let bad = Array(good[..<count])
      #expect(throws: CodecError.self) { try decoded(bad, count: 4000, pipeline) }
      if count < good.count - 4 {
        #expect(throws: CodecError.self) { try decoded(bad, count: 4000, unchecked) }
      }
    }
  }

  @Test func adlerFindsDamage() throws {
    let good = try stored([.deflate(level: 1)], sample())
    var random = SeededGenerator(seed: 4)
    for _ in 0..<2000 {
      var bad = good
      bad[Int.random(in: 2..<bad.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      // Either it is noticed or, in bits that do not matter (padding), the data are right.
      if let result = try? decoded(bad, count: 4000, FilterPipeline([.deflate])) { #expect(result == sample()) }
    }
  }

  @Test(arguments: Filters.all)
  func randomBytesNeverTrap(filters: Filters) throws {
    var random = SeededGenerator(seed: 5)
    let pipeline = try filters.pipeline(elementSize: 4)
    var decoder = try ChunkDecoder()
    for _ in 0..<500 {
      var input = random.bytes(count: Int.random(in: 0..<300, using: &random))
      if input.count > 1, Bool.random(using: &random) { input.replaceSubrange(0..<2, with: [0x78, 0x01]) }
      let mask = UInt32.random(in: 0..<16, using: &random)
      let count = Int.random(in: 0..<300, using: &random)
      _ = try? decoded(input, count: count, pipeline, skipping: mask, with: &decoder)
    }
  }

  @Test func wrongSizes() throws {
    let inflated = try stored([.deflate(level: 1)], sample())
    let deflate = try FilterPipeline([.deflate])
    #expect(throws: CodecError.wrongSize(expected: 4004, found: 4000)) { try decoded(inflated, count: 4004, deflate) }
    #expect(throws: CodecError.wrongSize(expected: 3999, found: nil)) { try decoded(inflated, count: 3999, deflate) }
    #expect(throws: CodecError.wrongSize(expected: 5, found: 4)) { try decoded([1, 2, 3, 4], count: 5, .none) }
    let shuffle = try FilterPipeline([.shuffle(elementSize: 2)])
    #expect(throws: CodecError.wrongSize(expected: 2, found: 4)) { try decoded([1, 2, 3, 4], count: 2, shuffle) }
    #expect(throws: CodecError.wrongSize(expected: 4, found: 3)) {
      try decoded([1, 2, 3], count: 0, FilterPipeline([.fletcher32]))
    }
  }

  @Test func emptyChunk() throws {
    #expect(try decoded([], count: 0, .none) == [])
    #expect(try decoded([], count: 0, FilterPipeline([.shuffle(elementSize: 4)])) == [])
    #expect(try decoded([0, 0, 0, 0], count: 0, FilterPipeline([.fletcher32])) == [])
    #expect(throws: CodecError.corruptDeflateStream) { try decoded([], count: 0, FilterPipeline([.deflate])) }
  }

  @Test func pipelinesThatCannotBeUndone() {
    #expect(throws: CodecError.unsupportedPipeline(.deflateTwice)) { try FilterPipeline([.deflate, .deflate]) }
    #expect(throws: CodecError.unsupportedPipeline(.elementSize(0))) {
      try FilterPipeline([.shuffle(elementSize: 0)])
    }
    #expect(throws: CodecError.unsupportedPipeline(.moreThan32Filters)) {
      try FilterPipeline(Array(repeating: .fletcher32, count: 33))
    }
  }

  @Test func errorsSayWhatIsWrong() {
    #expect("\(CodecError.wrongSize(expected: 8, found: 4))" == "4 bytes where 8 were expected")
    #expect(
      "\(CodecError.checksumMismatch(stored: 16, computed: 255))" == "Fletcher-32 stored as 0x10, computed as 0xff")
  }
}
