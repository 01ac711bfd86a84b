/// One descent through a chunk B-tree.
///
/// Against malicious files: a child's level is its parent's less one, so there are no cycles; chunk numbers ascend from
/// leaf to leaf, those of leaves visited in vain included, so no leaf is read twice; and no more nodes are visited than
/// fit into the file.
struct ChunkBTreeWalk: ~Copyable {
  /// The chunks found so far.
  private(set) var found: [StoredChunk] = []

  private let file: FileBytes
  private var reader: NodeReader
  private let format: ChunkBTreeNode.Format
  private let grid: ChunkGrid
  private let numbers: Range<UInt64>
  /// The rows (first dimension) in which wanted chunks begin.
  private let firstRow: UInt64
  private let endRow: UInt64

  private var node = ChunkBTreeNode()
  private var pending: [Pending] = []
  private var nodesLeft: UInt64
  private var lastNumber: UInt64?

  private struct Pending {
    var address: UInt64
    /// Nil for the root, which may have any.
    var level: UInt8?
  }

  /// `numbers` is not empty and within the grid.
  init(tree: borrowing ChunkBTree, numbers: Range<UInt64>) {
    file = tree.file
    reader = NodeReader(tree.file, tree.nodes)
    grid = tree.grid
    self.numbers = numbers.clamped(to: 0..<tree.grid.chunkCount)
    format = ChunkBTreeNode.Format(file: tree.file, rank: tree.grid.rank, halfFanout: tree.halfFanout)
    nodesLeft = tree.file.length / UInt64(format.byteCount(entries: 1)) + 1
    let perRow = max(tree.grid.chunksPerRow, 1)
    let height = tree.grid.chunkDimensions[0]
    // The last row is below the dataset's first dimension, so only the end can overflow, and then nothing lies behind
    // it.
    firstRow = self.numbers.lowerBound / perRow &* height
    let (end, overflow) =
      self.numbers.isEmpty
      ? (0, false) : ((self.numbers.upperBound - 1) / perRow + 1).multipliedReportingOverflow(by: height)
    endRow = overflow ? .max : end
  }

  mutating func run(from root: UInt64) throws(ChunkIndexError) {
    guard !numbers.isEmpty else { return }
    // For the usual complete datasets; bounded, as the count is only a claim until chunks have been seen.
    found.reserveCapacity(Int(min(UInt64(numbers.count), 1 << 16)))
    pending = [Pending(address: root, level: nil)]
    while let next = pending.popLast() {
      guard nodesLeft > 0 else { throw .malformed(what: "more nodes than fit into the file", address: next.address) }
      nodesLeft -= 1
      readAhead(from: next)
      try node.load(from: &reader, at: next.address, format)
      if let expected = next.level {
        guard node.level == expected else {
          throw .malformed(what: "node of level \(node.level) where \(expected) was expected", address: node.address)
        }
        // Only the root of a tree that has lost its chunks is ever empty.
        guard node.entries > 0 else { throw .malformed(what: "empty node", address: node.address) }
      }
      if node.level == 0 { try takeChunks() } else { try queueChildren() }
    }
  }

  /// On a slow store: reads a node that is visited next together with its siblings that will be visited after it.
  private mutating func readAhead(from next: Pending) {
    let most = min(reader.mostAhead(count: format.readSize), Int(min(nodesLeft, UInt64(pending.count))) + 1)
    guard most > 1, next.level != nil, !reader.isAhead(next.address) else { return }
    let siblings = pending.suffix(most - 1).reversed().prefix { $0.level == next.level }
    if !siblings.isEmpty { reader.readAhead([next.address] + siblings.map(\.address), count: format.readSize) }
  }

  /// Internal node: its children that may hold wanted rows, the first one to be visited next.
  ///
  /// Key `i` is the first chunk under child `i`, key `i + 1` is above the last. The key behind the last child is not
  /// relied on: a child skipped wrongly would read as fill values.
  private mutating func queueChildren() throws(ChunkIndexError) {
    let level = node.level - 1
    var next = UInt64.max
    for index in (0..<node.entries).reversed() {
      let first = node.firstOffset(key: index, format)
      guard first <= next else { throw .malformed(what: "keys out of order", address: node.address) }
      defer { next = first }
      guard first < endRow, next >= firstRow else { continue }
      pending.append(Pending(address: node.child(index, format), level: level))
    }
  }

  /// Leaf: its chunks.
  private mutating func takeChunks() throws(ChunkIndexError) {
    for index in 0..<node.entries {
      guard let number = node.chunkNumber(key: index, grid, format) else {
        throw .malformed(what: "chunk offsets outside the dataset's grid", address: node.address)
      }
      if let lastNumber, number <= lastNumber {
        throw .malformed(what: "chunks out of order", address: node.address)
      }
      lastNumber = number
      guard number >= numbers.lowerBound else { continue }
      guard number < numbers.upperBound else {
        pending.removeAll()
        return
      }
      let (size, filterMask) = node.sizeAndMask(key: index, format)
      let address = node.child(index, format)
      guard let position = file.position(of: address, size: UInt64(size)) else {
        throw .outsideFile(what: "chunk \(number)", address: address, size: UInt64(size))
      }
      found.append(
        StoredChunk(
          number: number, location: ChunkLocation(address: position, size: size, filterMask: filterMask)))
    }
  }
}
