internal import CFileDriver
internal import CHDF5
internal import Glibc

/// Finds chunks of any dataset, whatever its index (extensible and fixed array, B-tree v1 and v2, implicit, single
/// chunk), by asking libhdf5 to read them through a file driver that only notes where. 0.5-1 microsecond per chunk
/// (HDF5.md, section 2), where H5Dget_chunk_info walks the whole index for each.
///
/// Every call, and the end of its life, must happen under the library lock. It opens the file a second time: a driver
/// is chosen when a file is opened.
package struct ChunkRecorder: ~Copyable {
  /// The dataset's shape when it was opened.
  package let grid: ChunkGrid

  private let dataset: Handle
  private let file: Handle
  private let note: UnsafeMutablePointer<cfiledriver_note>
  private let buffer: UnsafeMutableRawPointer

  /// H5Dread_chunk is told no size, so it gets a buffer for the largest chunk there can be. Address space only: the
  /// driver does not write to it, so it need not be writable, and does not count as memory of this process.
  private static let bufferSize = 1 << 32

  /// Opens a chunked dataset for looking up its chunks.
  ///
  /// - Throws: `ChunkIndexError.library` naming the call that failed, `system` if there is no address space.
  package init(
    filePath: String, datasetPath: String, _ library: borrowing HDF5Library
  ) throws(ChunkIndexError) {
    Self.silenceErrors()
    guard let file = FileDriver.open(filePath, forNotes: true, library) else {
      throw .library(call: "H5Fopen", detail: filePath)
    }
    guard let dataset = Handle(H5Dopen2(file.id, datasetPath, hid_t(H5P_DEFAULT)), H5Dclose) else {
      throw .library(call: "H5Dopen2", detail: datasetPath)
    }
    guard let note = FileDriver.note(of: file.id, library) else {
      throw .library(call: "H5Fget_vfd_handle", detail: filePath)
    }
    let grid = try Self.grid(of: dataset.id, named: datasetPath)
    let buffer = try Self.reserveBuffer()
    self.init(dataset, file, grid, note, buffer)
  }

  private init(
    _ dataset: consuming Handle, _ file: consuming Handle, _ grid: ChunkGrid,
    _ note: UnsafeMutablePointer<cfiledriver_note>, _ buffer: UnsafeMutableRawPointer
  ) {
    self.dataset = dataset
    self.file = file
    self.grid = grid
    self.note = note
    self.buffer = buffer
  }

  deinit { munmap(buffer, Self.bufferSize) }

  /// Where the chunk lies whose first element has these coordinates; `ChunkLocation.unallocated` if it was never
  /// written.
  ///
  /// - Throws: `ChunkIndexError.library` for coordinates of no chunk, or if libhdf5 cannot read the index.
  package func location(ofChunkAt offsets: [UInt64]) throws(ChunkIndexError) -> ChunkLocation {
    // libhdf5 does not mind coordinates behind the end of the dataset.
    guard grid.number(ofChunkAt: offsets) != nil else {
      throw .library(call: "H5Dread_chunk", detail: "no chunk begins at \(offsets)")
    }
    Self.silenceErrors()
    note.pointee.armed = true
    (note.pointee.count, note.pointee.address, note.pointee.size) = (0, 0, 0)
    defer { note.pointee.armed = false }
    var filterMask: UInt32 = 0
    guard H5Dread_chunk(dataset.id, hid_t(H5P_DEFAULT), offsets, &filterMask, buffer) >= 0 else {
      let reason = RecorderErrorStack()
      if reason.saysUnallocated { return .unallocated }
      throw .library(call: "H5Dread_chunk", detail: reason.text)
    }
    // 64-bit sizes come with HDF5 2.0 only; no read or several would mean that the bytes came from elsewhere.
    guard note.pointee.count == 1, let size = UInt32(exactly: note.pointee.size) else {
      throw .library(call: "H5Dread_chunk", detail: "\(note.pointee.count) reads, \(note.pointee.size) bytes")
    }
    return ChunkLocation(address: note.pointee.address, size: size, filterMask: filterMask)
  }

  /// The stored chunks with these numbers, in ascending order: what a `ChunkTable` loads from.
  ///
  /// - Throws: as `location(ofChunkAt:)`; `outOfRange` for numbers the grid does not have.
  package func locations(ofChunks numbers: Range<UInt64>) throws(ChunkIndexError) -> [StoredChunk] {
    var found: [StoredChunk] = []
    for number in numbers {
      guard let offsets = grid.offsets(ofChunk: number) else { throw .outOfRange(number, limit: grid.chunkCount) }
      let location = try location(ofChunkAt: offsets)
      if location.isAllocated { found.append(StoredChunk(number: number, location: location)) }
    }
    return found
  }

  /// Errors become ours; libhdf5 would print them. Per thread in a thread-safe build, so on each entry.
  private static func silenceErrors() {
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
  }

  /// - Throws: `system` if there is no address space.
  private static func reserveBuffer() throws(ChunkIndexError) -> UnsafeMutableRawPointer {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let buffer = mmap(nil, bufferSize, PROT_NONE, flags, -1, 0), buffer != MAP_FAILED else {
      throw .system(call: "mmap", errno: errno)
    }
    return buffer
  }

  /// - Throws: `library` unless the dataset is chunked, `impossibleShape`.
  private static func grid(of dataset: hid_t, named path: String) throws(ChunkIndexError) -> ChunkGrid {
    let creation = H5Dget_create_plist(dataset)
    let space = H5Dget_space(dataset)
    defer {
      if creation >= 0 { H5Pclose(creation) }
      if space >= 0 { H5Sclose(space) }
    }
    guard creation >= 0, space >= 0 else { throw .library(call: "H5Dget_create_plist", detail: path) }
    var chunk = [UInt64](repeating: 0, count: ChunkGrid.maximumRank)
    var dimensions = chunk
    let isChunked = H5Pget_layout(creation) == H5D_CHUNKED
    let rank = isChunked ? Int(H5Pget_chunk(creation, Int32(chunk.count), &chunk)) : -1
    guard rank > 0, rank <= chunk.count else { throw .library(call: "H5Pget_chunk", detail: "\(path) is not chunked") }
    guard H5Sget_simple_extent_ndims(space) == rank, H5Sget_simple_extent_dims(space, &dimensions, nil) == rank else {
      throw .library(call: "H5Sget_simple_extent_dims", detail: path)
    }
    return try ChunkGrid(
      datasetDimensions: Array(dimensions[..<rank]), chunkDimensions: Array(chunk[..<rank]))
  }
}
