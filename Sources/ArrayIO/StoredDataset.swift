internal import ChunkCodec
public import HDF5

/// Where a dataset is, and what its elements become in memory.
public struct DatasetReference: Hashable, Sendable {
  public typealias Elements = ElementLayout
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

/// A dataset whose bytes can be read at any place.
///
/// Described under the library's lock once; from then on read without libhdf5, as long as its layout and filters are among those
/// that this module knows (HDF5.md 5.2). Everything else goes through libhdf5, on its one lane, in blocks that the cache keeps.
final class StoredDataset: Sendable {
  /// How its bytes can be had.
  enum Access: Sendable {
    /// Never written: the fill value everywhere.
    case fill
    /// In one piece at this offset of the file.
    case contiguous(offset: UInt64)
    /// In chunks whose bytes are the array's bytes.
    case plainChunks(ChunkTable)
    /// In chunks to be decoded.
    case filteredChunks(ChunkTable, FilterPipeline)
    /// In other datasets.
    case virtual(VirtualDataset)
    case library
  }

  let reference: DatasetReference
  let access: Access
  /// The file its bytes lie in.
  let dataFile: FileReference
  let fillValue: [UInt8]
  /// The chunks of the file; of a dataset without any, stretches of rows.
  let grid: BlockGrid
  /// Stretches of rows of about a megabyte.
  let rowGrid: BlockGrid
  /// Stretches of a megabyte, wherever rows end.
  let plainGrid: BlockGrid
  /// Smaller ones.
  let smallGrid: BlockGrid
  let services: ReadServices
  let inflateTrial = InflateTrial()
  /// Its number in the cache; never used twice. The lanes of a dataset have numbers of their own.
  private let identifier: UInt64

  /// A block has one key for each way it can be made: they differ in shape.
  enum Lane: UInt64 {
    /// A chunk, decoded.
    case decoded
    /// A stretch of bytes as they are in the file.
    case plain
    /// A smaller one, where several datasets are read in turns.
    case small
    /// A stretch of rows, by libhdf5.
    case library
  }

  init(_ reference: DatasetReference, identifier: UInt64, _ services: ReadServices) throws(ReadError) {
    self.reference = reference
    self.identifier = identifier
    self.services = services
    let described = try DatasetDescription(
      try services.files.answer(reference.file, StorageQuestion(reference.object)), reference)
    access = described.access(services)
    dataFile = described.dataFile
    fillValue = described.fillValue
    grid = described.grid
    rowGrid = described.rowGrid
    plainGrid = described.plainGrid
    smallGrid = described.smallGrid
    // Before anything of them is read: whoever opens this one then has to have the right to those, too.
    if case .virtual(let virtual) = access { try virtual.announceSources(of: self) }
  }

  /// In bytes, flattened.
  var size: Int { rowGrid.size }

  /// Whether its bytes have to be decoded before they can be had.
  var needsDecoding: Bool {
    switch access {
    case .fill, .contiguous, .plainChunks, .virtual: false
    case .filteredChunks, .library: true
    }
  }

  /// Puts bytes of the flattened dataset into `sink`.
  /// - Throws: ``ReadError`` for a range that it does not have, and where the bytes cannot be read.
  func gather(
    at offset: Int, _ count: Int, into sink: inout PieceSink, isOneOfMany: Bool = false, depth: Int = 0
  ) throws(ReadError) {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard offset >= 0, count >= 0, !overflow, end <= size else {
      throw damaged("rows are asked for that it does not have")
    }
    switch access {
    case .fill: fill(sink.reserve(count), phase: offset)
    case .virtual(let virtual): try virtual.gather(at: offset, count, of: self, into: &sink, depth: depth)
    case .library: try gatherBlocks(.library, at: offset, count, into: &sink)
    case .filteredChunks: try gatherBlocks(.decoded, at: offset, count, into: &sink)
    case .contiguous, .plainChunks:
      // Whoever reads on gets blocks that were read ahead of him, on another core: 6.5 GB/s, where reading them in line gives 4.8,
      // and lending the kernel pages of the mapped file, made ready on the other core too, 5.3. (A server that sends the same
      // buffer over and over gives 7.1-7.6.) A single read goes straight to where it is wanted.
      if sink.isStreaming || services.descriptors.isSlow {
        try gatherBlocks(plainLane(isOneOfMany), at: offset, count, into: &sink)
      } else {
        try readPlain(at: offset, into: sink.reserve(count))
      }
    }
  }

  private func gatherBlocks(
    _ lane: Lane, at offset: Int, _ count: Int, into sink: inout PieceSink
  ) throws(ReadError) {
    let grid = grid(of: lane)
    // Tiled images come back to the same few blocks row after row.
    var held: [Int: Slab] = [:]
    var done = 0
    while done < count {
      let piece = grid.piece(at: offset + done, count - done)
      let slab: Slab
      if let known = held[piece.block] {
        slab = known
      } else {
        slab = try block(piece.block, lane)
        if held.count >= 64 { held = [:] }
        held[piece.block] = slab
      }
      sink.append(slab, piece.offset..<(piece.offset + piece.count))
      if sink.isStreaming, piece.offset + piece.count == grid.blockSize {
        services.cache.retire(key(piece.block, lane))
      }
      done += piece.count
    }
  }

  /// Has the blocks of a range made by other threads, as far as they are not there yet.
  func prefetch(at offset: Int, _ count: Int, isOneOfMany: Bool = false) {
    let lane: Lane
    switch access {
    case .fill, .library: return
    case .virtual(let virtual):
      virtual.prefetch(at: offset, count, of: self)
      return
    case .filteredChunks(let table, let pipeline):
      if services.descriptors.isSlow {
        prefetchSpans(at: offset, count, table, pipeline)
        return
      }
      lane = .decoded
    case .contiguous, .plainChunks: lane = plainLane(isOneOfMany)
    }
    _ = wantBlocks(lane, at: offset, count) { block in
      let isTaken = services.prefetcher.submit { [self] in
        if services.cache.take(key(block, lane)) { _ = try? self.block(block, lane) }
      }
      if !isTaken { _ = services.cache.take(key(block, lane)) }
      return isTaken
    }
  }

  /// Gives `body` the blocks of a range that nobody has or wants, one after the other, each noted as wanted, until it returns false.
  /// - Returns: the last block of the range; nil where `body` has ended it.
  func wantBlocks(_ lane: Lane, at offset: Int, _ count: Int, _ body: (Int) -> Bool) -> Int? {
    let grid = grid(of: lane)
    var last = -1
    var position = max(0, offset)
    let end = min(size, offset + count)
    while position < end {
      let piece = grid.piece(at: position, end - position)
      if piece.block != last, services.cache.want(key(piece.block, lane)), !body(piece.block) { return nil }
      last = piece.block
      position += piece.count
    }
    return last
  }

  /// A slow store is asked for as much as possible at a time.
  private func plainLane(_ isOneOfMany: Bool) -> Lane {
    isOneOfMany && !services.descriptors.isSlow ? .small : .plain
  }

  private func grid(of lane: Lane) -> BlockGrid {
    switch lane {
    case .decoded: grid
    case .small: smallGrid
    case .plain: plainGrid
    case .library: rowGrid
    }
  }

  func key(_ block: Int, _ lane: Lane) -> ChunkKey {
    ChunkKey(dataset: identifier << 2 | lane.rawValue, chunk: block)
  }

  func block(_ number: Int, _ lane: Lane) throws(ReadError) -> Slab {
    let size = grid(of: lane).blockSize
    return try services.cache.chunk(key(number, lane), size: size) { (output) throws(ReadError) in
      switch lane {
      case .decoded: try decodeChunk(number, into: output)
      case .plain, .small:
        let range = grid(of: lane).flatRange(of: number)
        try readPlain(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: output[..<range.count]))
      case .library: try loadThroughLibrary(rowGrid.extent(of: number), tile: rowGrid.blockShape, into: output)
      }
    }
  }

  /// The fill value over and over, beginning with the byte that belongs at `phase` of the dataset.
  func fill(_ output: UnsafeMutableRawBufferPointer, phase: Int) {
    guard fillValue.contains(where: { $0 != 0 }) else {
      output.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    let shift = phase % fillValue.count
    for index in output.indices { output[index] = fillValue[(shift + index) % fillValue.count] }
  }

  func damaged(_ reason: String) -> ReadError {
    .damaged(file: reference.file.path, object: reference.object, reason: reason)
  }
}
