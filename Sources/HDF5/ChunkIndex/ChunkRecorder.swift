internal import CHDF5
internal import CRecordingDriver
internal import Glibc

/// Finds chunks of any dataset, whatever its index (extensible and fixed array, B-tree v1 and v2, implicit, single
/// chunk), by asking libhdf5 to read them through a file driver that only notes where. 0.5-1 microsecond per chunk
/// (HDF5.md, section 2), where H5Dget_chunk_info walks the whole index for each.
///
/// Every call, and the end of its life, must happen under the library lock. It opens the file a second time: a driver
/// is chosen when a file is opened.
public struct ChunkRecorder: ~Copyable {
  /// The dataset's shape when it was opened.
  public let grid: ChunkGrid

  private let file: hid_t
  private let dataset: hid_t
  private let note: UnsafeMutablePointer<crecording_note>
  private let buffer: UnsafeMutableRawPointer

  /// H5Dread_chunk is told no size, so it gets a buffer for the largest chunk there can be. Address space only: the
  /// driver does not write, so no page of it is ever made.
  private static let bufferSize = 1 << 32

  /// Registered once per process.
  private static let driver: hid_t = crecording_register()

  /// Opens a chunked dataset for looking up its chunks.
  ///
  /// - Throws: `ChunkIndexError.library` naming the call that failed, `system` if there is no address space.
  public init(
    filePath: String, datasetPath: String, _ library: borrowing HDF5Library
  ) throws(ChunkIndexError) {
    Self.silenceErrors()
    let access = H5Pcreate(chdf5_H5P_FILE_ACCESS())
    defer { H5Pclose(access) }
    guard access >= 0, Self.driver >= 0, H5Pset_driver(access, Self.driver, nil) >= 0 else {
      throw .library(call: "H5Pset_driver", detail: "recording driver")
    }
    let file = H5Fopen(filePath, chdf5_H5F_ACC_RDONLY(), access)
    guard file >= 0 else { throw .library(call: "H5Fopen", detail: filePath) }
    let dataset = H5Dopen2(file, datasetPath, hid_t(H5P_DEFAULT))
    let parts: (grid: ChunkGrid, note: UnsafeMutablePointer<crecording_note>, buffer: UnsafeMutableRawPointer)
    do throws(ChunkIndexError) {
      guard dataset >= 0 else { throw .library(call: "H5Dopen2", detail: datasetPath) }
      let grid = try Self.grid(of: dataset, named: datasetPath)
      var handle: UnsafeMutableRawPointer?
      guard H5Fget_vfd_handle(file, access, &handle) >= 0, let handle else {
        throw .library(call: "H5Fget_vfd_handle", detail: filePath)
      }
      parts = (grid, handle.assumingMemoryBound(to: crecording_note.self), try Self.reserveBuffer())
    } catch {
      if dataset >= 0 { H5Dclose(dataset) }
      H5Fclose(file)
      throw error
    }
    self.file = file
    self.dataset = dataset
    (grid, note, buffer) = parts
  }

  deinit {
    H5Dclose(dataset)
    H5Fclose(file)
    munmap(buffer, Self.bufferSize)
  }

  /// Where the chunk lies whose first element has these coordinates; `ChunkLocation.unallocated` if it was never
  /// written.
  ///
  /// - Throws: `ChunkIndexError.library` for coordinates of no chunk, or if libhdf5 cannot read the index.
  public func location(ofChunkAt offsets: [UInt64]) throws(ChunkIndexError) -> ChunkLocation {
    // libhdf5 does not mind coordinates behind the end of the dataset.
    guard grid.number(ofChunkAt: offsets) != nil else {
      throw .library(call: "H5Dread_chunk", detail: "no chunk begins at \(offsets)")
    }
    Self.silenceErrors()
    note.pointee = crecording_note(armed: true, count: 0, address: 0, size: 0)
    defer { note.pointee.armed = false }
    var filterMask: UInt32 = 0
    guard H5Dread_chunk(dataset, hid_t(H5P_DEFAULT), offsets, &filterMask, buffer) >= 0 else {
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
  public func locations(ofChunks numbers: Range<UInt64>) throws(ChunkIndexError) -> [StoredChunk] {
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
    guard let buffer = mmap(nil, bufferSize, PROT_READ | PROT_WRITE, flags, -1, 0), buffer != MAP_FAILED else {
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

/// Where chunks of one dataset lie, by the recording driver, for whoever does not hold the library.
///
/// - Parameter chunks: coordinates of the first elements of chunks.
/// - Throws: `ChunkIndexError.library`; chunks never written are no error but `ChunkLocation.unallocated`.
public func recordChunkLocations(
  datasetPath: String, filePath: String, chunks: [[UInt64]]
) throws(ChunkIndexError) -> [ChunkLocation] {
  try HDF5Library.withLock { (library) throws(ChunkIndexError) in
    let recorder = try ChunkRecorder(filePath: filePath, datasetPath: datasetPath, library)
    var result: [ChunkLocation] = []
    result.reserveCapacity(chunks.count)
    for offsets in chunks { result.append(try recorder.location(ofChunkAt: offsets)) }
    return result
  }
}

/// The stored ones among the chunks with these numbers, ascending: what a ``ChunkTable`` loads from where the index is no
/// B-tree v1.
public func recordChunkLocations(
  datasetPath: String, filePath: String, numbers: Range<UInt64>
) throws(ChunkIndexError) -> [StoredChunk] {
  try HDF5Library.withLock { (library) throws(ChunkIndexError) in
    try ChunkRecorder(filePath: filePath, datasetPath: datasetPath, library).locations(ofChunks: numbers)
  }
}
