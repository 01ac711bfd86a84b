internal import ChunkCodec
internal import HDF5

/// What a file says of a dataset, and what follows for reading it.
struct DatasetDescription {
  let dataFile: FileReference
  let fillValue: [UInt8]
  let grid: BlockGrid
  let rowGrid: BlockGrid
  let plainGrid: BlockGrid
  let smallGrid: BlockGrid
  private let reference: DatasetReference
  private let storage: Storage
  private let shape: [Int]
  private let mappings: [VirtualMapping]?
  /// Whether a reader gets the bytes as they are in the file.
  private let isVerbatim: Bool

  /// About as much as one FUSE request asks for.
  private static let rowBlockSize = 1 << 20
  /// What is read ahead of each dataset where several are read in turns. A stack of 16 modules is in the middle of as many blocks:
  /// with blocks of 1 MiB the first train of one took 35 ms, of which 8 went into touching so much memory for the first time,
  /// with these 27. One array by itself is faster with the others: 5.5 GB/s and 4.6 (medians on two cores).
  private static let smallBlockSize = 256 << 10
  /// A chunk is decoded whole up to this size, and read by libhdf5 in rows beyond it.
  private static let largestChunk = 256 << 20
  /// Filtered chunks below this are read by libhdf5 many at a time: each would cost a system call and a place in the cache.
  private static let smallestFilteredChunk = 4096

  init(_ described: StoredDatasetDescription, _ reference: DatasetReference) throws(ReadError) {
    self.reference = reference
    let shape = described.shape
    let type = described.datatype
    let storage = described.storage
    let size: Int?
    switch reference.elements {
    case .strings(let length):
      size = length
      isVerbatim = false
    case .numpy(let wanted):
      size = wanted.size
      isVerbatim = wanted == type && type.isVerbatim
    }
    guard let size, let rowGrid = BlockGrid.rows(of: shape, elementSize: size, target: Self.rowBlockSize),
      // Bytes that lie in the file as they are can be read in pieces of any size, whatever an element is.
      let plainGrid = BlockGrid.rows(of: [rowGrid.size], elementSize: 1, target: Self.rowBlockSize),
      let smallGrid = BlockGrid.rows(of: [rowGrid.size], elementSize: 1, target: Self.smallBlockSize)
    else {
      throw .damaged(
        file: reference.file.path, object: reference.object, reason: "its shape \(shape) cannot be read in rows")
    }
    self.shape = shape
    self.storage = storage
    self.rowGrid = rowGrid
    self.plainGrid = plainGrid
    self.smallGrid = smallGrid
    if case .chunked(let chunk) = storage.layout,
      let grid = BlockGrid(shape: shape, blockShape: chunk, elementSize: size)
    {
      self.grid = grid
    } else {
      grid = rowGrid
    }
    fillValue = storage.fillValue.map { $0.count == size ? $0 : [0] } ?? [0]
    // A mapping that reaches out of its dataset is left to libhdf5.
    mappings = isVerbatim ? described.mappings.flatMap { $0.allSatisfy { $0.box.fits(shape) } ? $0 : nil } : nil
    dataFile = Self.dataFile(storage, reference)
  }

  /// The file the bytes lie in: another than was opened where an external link led on.
  private static func dataFile(_ storage: Storage, _ reference: DatasetReference) -> FileReference {
    guard storage.file.path != reference.file.path, let identity = FileIdentity(path: storage.file.path) else {
      return reference.file
    }
    return FileReference(path: storage.file.path, identity: identity)
  }

  func access(_ services: ReadServices) -> StoredDataset.Access {
    switch storage.layout {
    case .virtual: return mappings.map { .virtual(VirtualDataset($0, shape: shape)) } ?? .library
    case .contiguous(let offset) where isVerbatim:
      guard storage.filters.isEmpty else { return .library }
      return offset.map { .contiguous(offset: $0) } ?? .fill
    case .chunked(let chunk) where isVerbatim && grid.blockSize <= Self.largestChunk:
      guard grid.blockCount > 0, let pipeline, let table = chunkTable(chunk, services) else { return .library }
      if pipeline == .none { return .plainChunks(table) }
      return grid.blockSize >= Self.smallestFilteredChunk && !storage.leavesPartialChunksUnfiltered
        ? .filteredChunks(table, pipeline) : .library
    case .chunked, .contiguous, .compact, .external: return .library
    }
  }

  /// The filters, where all of them are ones that can be undone here; nil otherwise.
  private var pipeline: FilterPipeline? {
    var filters: [FilterPipeline.Filter] = []
    for filter in storage.filters {
      switch filter.identifier {
      case 1: filters.append(.deflate)
      case 2: filters.append(.shuffle(elementSize: filter.parameters.first.map { Int($0) } ?? grid.elementSize))
      case 3: filters.append(.fletcher32)
      default: return nil
      }
    }
    return try? FilterPipeline(filters)
  }

  /// Where the chunks are: by the walker for the index that the DAQ writes, else by the recording driver (HDF5.md 2).
  private func chunkTable(_ chunk: [Int], _ services: ReadServices) -> ChunkTable? {
    let file = dataFile
    let object = reference.object
    let stored = storage.file
    guard
      let chunks = try? ChunkGrid(
        datasetDimensions: shape.map { UInt64($0) }, chunkDimensions: chunk.map { UInt64($0) })
    else { return nil }
    let tree = try? Self.tree(file, object, stored, chunks, storage.headerAddress, services)
    if let root = tree.map(\.root) {
      let nodes = ChunkBTreeNodes(helpers: services.indexReaders)
      return ChunkTable(grid: chunks) { (numbers) throws(ChunkIndexError) in
        // The descriptor may have been closed and opened again since.
        let opened = try Self.open(file, object, services)
        let bytes = try FileBytes(
          descriptor: opened.descriptor, length: opened.length, baseAddress: stored.baseAddress,
          offsetSize: stored.offsetSize, lengthSize: stored.lengthSize, latency: services.descriptors.latency)
        return try withExtendedLifetime(opened) { () throws(ChunkIndexError) in
          try ChunkBTree(
            file: bytes, grid: chunks, root: root, halfFanout: stored.chunkTreeHalfFanout, nodes: nodes
          ).locations(ofChunks: numbers)
        }
      }
    }
    // An object behind an external link has another path in its own file, which the recorder would have to know.
    guard file == reference.file else { return nil }
    let files = services.files
    return ChunkTable(grid: chunks) { (numbers) throws(ChunkIndexError) in
      do throws(ReadError) {
        return try files.answer(file, ChunksQuestion(of: object, numbers))
      } catch {
        throw .library(call: "H5Dread_chunk", detail: error.description)
      }
    }
  }

  private static func tree(
    _ file: FileReference, _ object: String, _ stored: StorageFile, _ chunks: ChunkGrid, _ header: UInt64,
    _ services: ReadServices
  ) throws(ChunkIndexError) -> ChunkBTree? {
    let opened = try open(file, object, services)
    return try withExtendedLifetime(opened) { () throws(ChunkIndexError) in
      let bytes = try FileBytes(
        descriptor: opened.descriptor, length: opened.length, baseAddress: stored.baseAddress,
        offsetSize: stored.offsetSize, lengthSize: stored.lengthSize, latency: services.descriptors.latency)
      return try ChunkBTree(
        file: bytes, grid: chunks, objectHeader: header, halfFanout: stored.chunkTreeHalfFanout)
    }
  }

  private static func open(
    _ file: FileReference, _ object: String, _ services: ReadServices
  ) throws(ChunkIndexError) -> OpenFile {
    do throws(ReadError) {
      return try services.descriptors.open(file, for: object)
    } catch {
      throw .library(call: "open", detail: error.description)
    }
  }
}
