/// A dataset's chunk index of the kind libhdf5 writes by default: a version 1 B-tree, read without libhdf5 and hence
/// without its lock ("HDF5 File Format Specification", III.A.1, nodes of type 1).
///
/// A value: nothing is kept of what was read, except in ``nodes``. Each query goes from the root to the leaves it needs, 3 KB
/// per node.
/// libhdf5 1.10.8 takes minutes to give 1e5 locations one by one; this takes 3.0 ms (rank 1) to 4.6 ms (rank 3), and
/// 64 rows of them 4 to 8 microseconds.
public struct ChunkBTree: Sendable {
  /// The file; its descriptor must stay open.
  public let file: FileBytes
  /// The dataset's shape, from libhdf5.
  public let grid: ChunkGrid
  /// Address of the root node without the user block; nil if no chunk was ever written.
  public let root: UInt64?
  /// Half of the most children a node may have (H5Pget_istore_k); nil if not known.
  public let halfFanout: Int?
  /// What the queries share; nil where there will be one.
  public let nodes: ChunkBTreeNodes?

  /// A tree whose root is known.
  ///
  /// - Parameter halfFanout: H5Pget_istore_k's number, usually 32. Saves one read per node.
  /// - Throws: `ChunkIndexError.impossibleShape` for a fan-out that no file can have.
  public init(
    file: FileBytes, grid: ChunkGrid, root: UInt64?, halfFanout: Int? = nil, nodes: ChunkBTreeNodes? = nil
  ) throws(ChunkIndexError) {
    // Nodes count their entries in 16 bits.
    if let halfFanout, !(1...32767).contains(halfFanout) {
      throw .impossibleShape("chunk B-tree with K = \(halfFanout)")
    }
    self.file = file
    self.grid = grid
    self.root = root
    self.halfFanout = halfFanout
    self.nodes = nodes
  }

  /// The tree of the dataset whose object header is at an address (H5O_info_t.addr: without the user block). Nil if its
  /// layout is none of version 3 with a B-tree: then `ChunkRecorder` is the way.
  ///
  /// - Throws: `ChunkIndexError` if the header cannot be read or contradicts `grid`.
  public init?(
    file: FileBytes, grid: ChunkGrid, objectHeader: UInt64, halfFanout: Int? = nil
  ) throws(ChunkIndexError) {
    let layout = try ObjectHeader.dataLayout(of: file, at: objectHeader)
    guard case .chunkedByBTree(let root, let dimensions, _) = layout else { return nil }
    guard dimensions == grid.chunkDimensions else {
      throw .malformed(what: "chunks of \(dimensions), expected \(grid.chunkDimensions)", address: objectHeader)
    }
    try self.init(file: file, grid: grid, root: root, halfFanout: halfFanout)
  }

  /// The stored chunks with elements in these rows (indices of the first dimension), in the order of their numbers.
  /// Chunks never written are not among them.
  ///
  /// - Throws: `ChunkIndexError` for whatever contradicts the format, reaches out of the file or the dataset.
  public func locations(coveringRows rows: Range<UInt64>) throws(ChunkIndexError) -> [StoredChunk] {
    try locations(ofChunks: grid.numbers(coveringRows: rows))
  }

  /// All stored chunks in the order of their numbers.
  ///
  /// - Throws: as `locations(coveringRows:)`.
  public func allLocations() throws(ChunkIndexError) -> [StoredChunk] {
    try locations(ofChunks: 0..<grid.chunkCount)
  }

  /// The stored chunks with these numbers, in ascending order: what a `ChunkTable` loads from.
  ///
  /// - Throws: as `locations(coveringRows:)`.
  public func locations(ofChunks numbers: Range<UInt64>) throws(ChunkIndexError) -> [StoredChunk] {
    guard let root, !numbers.isEmpty else { return [] }
    var walk = ChunkBTreeWalk(tree: self, numbers: numbers)
    try walk.run(from: root)
    return walk.found
  }
}
