import Glibc
import HDF5
import RawHDF5

/// A finished file with one dataset, and the ways to its chunks.
final class Fixture {
  let file: RawFile
  let dataset: RawDataset
  let grid: ChunkGrid
  let bytes: FileBytes
  let objectHeader: UInt64

  /// Creates the dataset, lets `fill` write, and opens the file again for reading.
  init(
    dimensions: [UInt64], chunk: [UInt64], elementSize: Int = 2, filters: [RawFilter] = [], unlimited: Int = 0,
    early: Bool = false, newHeader: Bool = false, userBlock: UInt64 = 0, latest: Bool = false,
    halfFanout: UInt32? = nil, offsetSize: Int = 8,
    fill: (RawDataset) throws -> Void
  ) throws {
    file = try RawFile(userBlock: userBlock, latest: latest, halfFanout: halfFanout, offsetSize: offsetSize)
    let chunkBytes: Int
    do {
      let dataset = try RawDataset(
        creating: "data", in: file, elementSize: elementSize, dimensions: dimensions, chunk: chunk, filters: filters,
        unlimited: unlimited, early: early, newHeader: newHeader)
      chunkBytes = dataset.chunkBytes
      try fill(dataset)
    }
    try file.finish()
    dataset = try RawDataset(opening: "data", in: file, chunkBytes: chunkBytes)
    objectHeader = try dataset.objectHeader()
    grid = try ChunkGrid(datasetDimensions: dimensions, chunkDimensions: chunk)
    let descriptor = open(file.path, O_RDONLY)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw POSIXFailure() }
    bytes = try FileBytes(
      descriptor: descriptor, length: UInt64(status.st_size), baseAddress: userBlock, offsetSize: offsetSize,
      lengthSize: offsetSize)
  }

  deinit {
    close(bytes.descriptor)
  }

  /// The walker, which must be possible.
  func tree(halfFanout: Int? = 32) throws -> ChunkBTree {
    guard let tree = try ChunkBTree(file: bytes, grid: grid, objectHeader: objectHeader, halfFanout: halfFanout) else {
      throw NoTree()
    }
    return tree
  }

  /// All chunks, by libhdf5.
  func reference() throws -> [ChunkLocation] {
    try (0..<grid.chunkCount).map { number in
      let chunk = try dataset.chunkInfo(at: grid.offsets(ofChunk: number) ?? [])
      guard let address = chunk.address else { return .unallocated }
      return ChunkLocation(address: address, size: UInt32(chunk.size), filterMask: chunk.filterMask)
    }
  }

  /// All chunks, by the recording driver.
  func recorded() throws -> [ChunkLocation] {
    try recordChunkLocations(
      datasetPath: "data", filePath: file.path,
      chunks: (0..<grid.chunkCount).map { grid.offsets(ofChunk: $0) ?? [] })
  }
}

/// Where chunks of one dataset lie, by the recorder.
///
/// - Parameter chunks: coordinates of the first elements of chunks.
func recordChunkLocations(
  datasetPath: String, filePath: String, chunks: [[UInt64]]
) throws(ChunkIndexError) -> [ChunkLocation] {
  try withRecorder(datasetPath, filePath) { (recorder) throws(ChunkIndexError) in
    var result: [ChunkLocation] = []
    for offsets in chunks { result.append(try recorder.location(ofChunkAt: offsets)) }
    return result
  }
}

/// The stored ones among the chunks with these numbers.
func recordChunkLocations(
  datasetPath: String, filePath: String, numbers: Range<UInt64>
) throws(ChunkIndexError) -> [StoredChunk] {
  try withRecorder(datasetPath, filePath) { (recorder) throws(ChunkIndexError) in
    try recorder.locations(ofChunks: numbers)
  }
}

private func withRecorder<R: Sendable>(
  _ dataset: String, _ file: String, _ body: (borrowing ChunkRecorder) throws(ChunkIndexError) -> R
) throws(ChunkIndexError) -> R {
  try HDF5Library.withLock { (library) throws(ChunkIndexError) in
    try HDF5Library.openingByPath(library) { () throws(ChunkIndexError) in
      let recorder = try ChunkRecorder(filePath: file, datasetPath: dataset, library)
      return try body(recorder)
    }
  }
}

struct NoTree: Error {}
struct POSIXFailure: Error {}

extension [ChunkLocation] {
  /// Those that exist, numbered from `first`.
  func stored(from first: UInt64 = 0) -> [StoredChunk] {
    zip(first..., self).filter(\.1.isAllocated).map { StoredChunk(number: $0, location: $1) }
  }
}
