import ChunkCodec
import RawHDF5
import Testing

/// Decodes into a fresh array.
func decoded(
  _ stored: [UInt8], count: Int, _ pipeline: FilterPipeline, skipping mask: UInt32 = 0
) throws -> [UInt8] {
  var decoder = try ChunkDecoder()
  return try decoded(stored, count: count, pipeline, skipping: mask, with: &decoder)
}

/// Decodes into a fresh array with a decoder that is used again, by each of the libraries that inflate: they have to agree,
/// on errors as well.
func decoded(
  _ stored: [UInt8], count: Int, _ pipeline: FilterPipeline, skipping mask: UInt32 = 0,
  with decoder: inout ChunkDecoder
) throws -> [UInt8] {
  let trial = InflateTrial()
  let output = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { output.deallocate() }
  var results: [Result<[UInt8], CodecError>] = []
  for _ in 0..<2 {
    output.initializeMemory(as: UInt8.self, repeating: 0xa5)
    do {
      try stored.withUnsafeBytes { input in
        try decoder.decode(input, into: output, pipeline: pipeline, skipping: mask, trial)
      }
      results.append(.success(Array(output)))
    } catch let error as CodecError {
      results.append(.failure(error))
    }
  }
  #expect(results[0] == results[1])
  return try results[0].get()
}

/// The same filters for libhdf5 and for us.
struct Filters: Sendable, CustomTestStringConvertible {
  let raw: [RawFilter]
  var testDescription: String { raw.map { "\($0)" }.joined(separator: "+") }

  func pipeline(elementSize: Int) throws -> FilterPipeline {
    try FilterPipeline(
      raw.map { filter in
        switch filter {
        case .deflate: .deflate
        case .shuffle: .shuffle(elementSize: elementSize)
        case .fletcher32: .fletcher32
        }
      })
  }

  static let all = [
    Filters(raw: []), Filters(raw: [.deflate(level: 1)]), Filters(raw: [.shuffle]), Filters(raw: [.fletcher32]),
    Filters(raw: [.shuffle, .deflate(level: 4)]), Filters(raw: [.deflate(level: 9), .shuffle]),
    Filters(raw: [.shuffle, .fletcher32]), Filters(raw: [.fletcher32, .shuffle]),
    Filters(raw: [.shuffle, .deflate(level: 1), .fletcher32]),
    Filters(raw: [.fletcher32, .shuffle, .deflate(level: 1)]),
    Filters(raw: [.shuffle, .fletcher32, .deflate(level: 6)]), Filters(raw: [.fletcher32, .deflate(level: 6)]),
    Filters(raw: [.deflate(level: 6), .fletcher32]),
  ]
}

/// Chunks that went through libhdf5's own filters.
@Suite struct LibraryChunkTests {
  @Test(arguments: Filters.all, [1, 2, 4, 8])
  func decodesWhatTheLibraryWrote(filters: Filters, elementSize: Int) throws {
    let file = try RawFile()
    let dataset = try RawDataset(
      creating: "data", in: file, elementSize: elementSize, dimensions: [6, 37], chunk: [2, 37], filters: filters.raw)
    var random = SeededGenerator(seed: 1)
    let data = random.detectorBytes(count: 6 * 37 * elementSize)
    try dataset.write(data, elementSize: elementSize)
    let pipeline = try filters.pipeline(elementSize: elementSize)
    var decoder = try ChunkDecoder()
    for chunk in 0..<3 {
      let (stored, mask) = try dataset.readChunk(at: [UInt64(2 * chunk), 0])
      #expect(mask == 0)
      let result = try decoded(stored, count: dataset.chunkBytes, pipeline, with: &decoder)
      #expect(result == Array(data[chunk * dataset.chunkBytes..<(chunk + 1) * dataset.chunkBytes]))
    }
  }

  /// A mask per chunk: what libhdf5 wrote through fewer filters, stored under a mask that says so.
  @Test(arguments: UInt32(0)..<8)
  func skipsWhatTheMaskSays(mask: UInt32) throws {
    let all: [RawFilter] = [.shuffle, .deflate(level: 1), .fletcher32]
    let file = try RawFile()
    var random = SeededGenerator(seed: 2)
    let data = random.detectorBytes(count: 200)
    do {
      let few = try RawDataset(
        creating: "few", in: file, elementSize: 4, dimensions: [50], chunk: [50],
        filters: all.enumerated().filter { mask & (1 << UInt32($0.offset)) == 0 }.map(\.element))
      try few.write(data, elementSize: 4)
      let masked = try RawDataset(
        creating: "masked", in: file, elementSize: 4, dimensions: [50], chunk: [50], filters: all)
      try masked.writeChunk(at: [0], try few.readChunk(at: [0]).stored, skipping: mask)
    }
    // libhdf5 1.10.8 gives mask 0 for the chunk written last until the file has been opened again.
    try file.finish()
    let masked = try RawDataset(opening: "masked", in: file, chunkBytes: 200)
    let (stored, found) = try masked.readChunk(at: [0])
    #expect(found == mask)
    let pipeline = try Filters(raw: all).pipeline(elementSize: 4)
    #expect(try decoded(stored, count: 200, pipeline, skipping: found) == data)
    #expect(pipeline.isPlain(skipping: found) == (mask == 7))
  }

  /// Partial chunks at the edge are stored whole.
  @Test func edgeChunksAreWhole() throws {
    let file = try RawFile()
    let dataset = try RawDataset(
      creating: "data", in: file, elementSize: 2, dimensions: [5], chunk: [4], filters: [.shuffle, .deflate(level: 1)])
    try dataset.write(Array(1...10), elementSize: 2)
    let pipeline = try FilterPipeline([.shuffle(elementSize: 2), .deflate])
    let result = try decoded(try dataset.readChunk(at: [4]).stored, count: 8, pipeline)
    #expect(result == [9, 10, 0, 0, 0, 0, 0, 0])
  }
}
