internal import CFileDriver
internal import CHDF5
internal import Glibc

/// The DAQ writes INDEX and trainId with one element a chunk, and libhdf5 then takes 1.1 s for the indexes of 64 files. The
/// chunks lie side by side by the dozen: walking the index and reading over the gaps takes a seventh of that (HDF5.md 2).
extension Dataset {
  /// Chunks of fewer elements than this are small; of more, libhdf5 is as fast.
  private static var smallChunk: Int { 64 }
  private static var longestGap: UInt64 { 8192 }
  private static var longestSpan: UInt64 { 1 << 20 }

  /// The first rows of a one-dimensional dataset of unfiltered 64-bit integers in small chunks.
  ///
  /// - Returns: nil for any other dataset, and whenever something is not as it should be: libhdf5 then has the word.
  borrowing func smallChunkIntegers(_ count: Int, _ library: borrowing HDF5Library) -> [UInt64]? {
    guard count > Self.smallChunk, let storage = try? storage(library), storage.filters.isEmpty,
      case .chunked(let chunk) = storage.layout, chunk.count == 1, chunk[0] < Self.smallChunk,
      let type = try? datatype(library), let shape = try? shape(library), shape.count == 1,
      type == .integer(size: 8, signed: false, order: .little, isWhole: true)
    else { return nil }
    // The file that the dataset is in, which is another one than was opened where an external link led to it.
    guard let file = Handle(H5Iget_file_id(handle.id), H5Fclose), let note = FileDriver.note(of: file.id, library)
    else {
      return nil
    }
    let descriptor = note.pointee.descriptor
    return try? read(
      count, chunk: chunk[0], shape: shape[0], storage, descriptor, length: note.pointee.size_of_file)
  }

  private borrowing func read(
    _ count: Int, chunk: Int, shape: Int, _ storage: Storage, _ descriptor: Int32, length: UInt64
  ) throws(ChunkIndexError) -> [UInt64]? {
    let grid = try ChunkGrid(datasetDimensions: [UInt64(shape)], chunkDimensions: [UInt64(chunk)])
    let bytes = try FileBytes(
      descriptor: descriptor, length: length, baseAddress: storage.file.baseAddress,
      offsetSize: storage.file.offsetSize, lengthSize: storage.file.lengthSize)
    guard
      let tree = try ChunkBTree(
        file: bytes, grid: grid, objectHeader: storage.headerAddress, halfFanout: storage.file.chunkTreeHalfFanout)
    else { return nil }
    let chunks = try tree.locations(coveringRows: 0..<UInt64(count))
    // A hole is the fill value, which is zero unless the file says otherwise; then libhdf5 shall say it.
    let fill = storage.fillValue ?? [0]
    guard fill.allSatisfy({ $0 == 0 }), chunks.allSatisfy({ $0.location.size >= UInt32(8 * chunk) }) else { return nil }
    var values = [UInt64](repeating: 0, count: count)
    var span: [UInt8] = []
    var first = 0
    while first < chunks.count {
      let start = chunks[first].location.address
      var end = start + UInt64(8 * chunk)
      var next = first + 1
      while next < chunks.count {
        let address = chunks[next].location.address
        guard address >= end, address - end <= Self.longestGap, address - start <= Self.longestSpan else { break }
        end = address + UInt64(8 * chunk)
        next += 1
      }
      span = [UInt8](repeating: 0, count: Int(end - start))
      guard pread(descriptor, &span, span.count, off_t(start)) == span.count else { return nil }
      span.withUnsafeBytes { source in
        for stored in chunks[first..<next] {
          let place = Int(stored.location.address - start)
          let row = Int(stored.number) * chunk
          for element in 0..<chunk where row + element < count {
            values[row + element] = UInt64(
              littleEndian: source.loadUnaligned(fromByteOffset: place + 8 * element, as: UInt64.self))
          }
        }
      }
      first = next
    }
    return values
  }
}
