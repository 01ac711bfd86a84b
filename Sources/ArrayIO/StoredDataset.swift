internal import Glibc
public import HDF5

/// Where a dataset is, and what its elements become in memory.
public struct DatasetReference: Hashable, Sendable {
  /// The layout of elements that readers get.
  public enum Elements: Hashable, Sendable {
    /// As numpy sees this type; the file's own type may differ in size or byte order and is then converted.
    case numpy(Datatype)
    /// Strings of variable length, padded with NUL to `length` bytes.
    case strings(length: Int)
  }
  public var file: FileReference
  /// The path inside the file.
  public var object: String
  public var elements: Elements

  public init(file: FileReference, object: String, elements: Elements) {
    self.file = file
    self.object = object
    self.elements = elements
  }
}

/// A dataset whose bytes can be read: its shape, and how it is cut into blocks that the cache keeps.
///
/// Made under the library's lock from the open file, valid without either.
final class StoredDataset: Sendable {
  let reference: DatasetReference
  /// Its number in the cache; never used twice.
  let identifier: UInt64
  let grid: BlockGrid
  private let files: FilePool

  /// About as much as one FUSE request asks for, for datasets that are not cut into chunks.
  private static let rowBlockSize = 1 << 20
  /// A chunk of the file is kept whole up to this size; a larger one is read in rows of its own.
  private static let largestChunk = 256 << 20

  init(
    _ reference: DatasetReference, identifier: UInt64, _ files: FilePool, _ library: borrowing HDF5Library
  ) throws(ArrayError) {
    self.reference = reference
    self.identifier = identifier
    self.files = files
    do throws(HDF5Error) {
      grid = try files.withFile(reference.file, library) { (file, library) throws(HDF5Error) in
        let dataset = try file.dataset(reference.object, library)
        return try Self.grid(of: dataset, reference, library)
      }
    } catch {
      throw .hdf5(error)
    }
  }

  private static func grid(
    of dataset: borrowing Dataset, _ reference: DatasetReference, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> BlockGrid {
    let shape = try dataset.shape(library)
    let refusal = HDF5Error(
      "read", file: reference.file.path, object: reference.object, reason: "its shape \(shape) cannot be read in rows")
    let elementSize: Int
    switch reference.elements {
    case .strings(let length): elementSize = length
    case .numpy(let type):
      guard let size = type.size else { throw refusal }
      elementSize = size
    }
    if case .chunked(let chunk) = try dataset.storage(library).layout,
      let grid = BlockGrid(shape: shape, blockShape: chunk, elementSize: elementSize), grid.blockSize <= largestChunk
    {
      // A chunk of a few bytes (the DAQ writes INDEX and trainId with one element a chunk) is not worth an entry.
      if grid.blockSize >= 16 << 10 || grid.blockCount == 1 { return grid }
    }
    guard let grid = BlockGrid.rows(of: shape, elementSize: elementSize, target: rowBlockSize) else { throw refusal }
    return grid
  }

  /// Copies bytes of the flattened dataset.
  ///
  /// - Parameter offset: in bytes; `offset + output.count` lies inside the dataset.
  func read(at offset: Int, into output: UnsafeMutableRawBufferPointer, _ cache: ChunkCache) throws(ArrayError) {
    let (end, overflow) = offset.addingReportingOverflow(output.count)
    guard offset >= 0, !overflow, end <= grid.size else {
      throw damaged("rows are asked for that it does not have")
    }
    // Tiled images come back to the same few blocks row after row.
    var held: [Int: Slab] = [:]
    var done = 0
    while done < output.count {
      let piece = grid.piece(at: offset + done, output.count - done)
      let slab: Slab
      if let known = held[piece.block] {
        slab = known
      } else {
        slab = try block(piece.block, cache)
        if held.count >= 64 { held = [:] }
        held[piece.block] = slab
      }
      let source = UnsafeRawBufferPointer(slab.bytes)[piece.offset..<(piece.offset + piece.count)]
      UnsafeMutableRawBufferPointer(rebasing: output[done...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: source))
      done += piece.count
    }
  }

  private func block(_ number: Int, _ cache: ChunkCache) throws(ArrayError) -> Slab {
    try cache.chunk(ChunkKey(dataset: identifier, chunk: number), size: grid.blockSize) {
      (output) throws(ArrayError) in try load(number, into: output)
    }
  }

  /// Reads one block through libhdf5, whatever its layout and filters.
  private func load(_ number: Int, into output: UnsafeMutableRawBufferPointer) throws(ArrayError) {
    let (start, count) = grid.extent(of: number)
    do throws(HDF5Error) {
      try HDF5Library.withLock { (library) throws(HDF5Error) in
        try files.withFile(reference.file, library) { (file, library) throws(HDF5Error) in
          let dataset = try file.dataset(reference.object, library)
          switch reference.elements {
          case .numpy(let type):
            let memory = try MemoryType.numpy(type, library)
            try dataset.read(start: start, count: count, tile: grid.blockShape, as: memory, into: output, library)
          case .strings(let length):
            let strings = try dataset.strings(start: start, count: count, library)
            Self.lay(strings, count, grid.blockShape, length, into: output)
          }
        }
      }
    } catch {
      throw .hdf5(error)
    }
  }

  /// Writes strings into their places of a block, padded with NUL and cut where one has grown since the key was described.
  private static func lay(
    _ strings: [[UInt8]], _ count: [Int], _ tile: [Int], _ length: Int, into output: UnsafeMutableRawBufferPointer
  ) {
    output.initializeMemory(as: UInt8.self, repeating: 0)
    for (number, string) in strings.enumerated() {
      var rest = number
      var position = 0
      var stride = 1
      for axis in count.indices.reversed() {
        position += rest % count[axis] * stride
        rest /= count[axis]
        stride *= tile[axis]
      }
      let place = UnsafeMutableRawBufferPointer(rebasing: output[(position * length)..<((position + 1) * length)])
      place.copyBytes(from: string.prefix(length))
    }
  }

  private func damaged(_ reason: String) -> ArrayError {
    .damaged(file: reference.file.path, object: reference.object, reason: reason)
  }
}
