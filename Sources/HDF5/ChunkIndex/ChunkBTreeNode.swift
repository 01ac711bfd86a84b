/// One node of a version 1 B-tree of chunks, in a buffer that is reused from node to node.
///
///     "TREE"  type = 1  level  entries (2)  left sibling (O)  right sibling (O)
///     key 0  child 0 (O)  key 1  child 1 (O) ... key n-1  child n-1 (O)  key n
///
///     key:  size (4)  filter mask (4)  offset of each dimension (8 each)  0 (8, "offset" within an element)
///
/// with O bytes to an address ("HDF5 File Format Specification", III.A.1).
struct ChunkBTreeNode: ~Copyable {
  /// Where things lie in a node; the same for all nodes of a tree.
  struct Format {
    let offsetSize: Int
    let headerSize: Int
    let keySize: Int
    /// The most children a node may have.
    let maximumEntries: Int
    /// What to read at once: a whole node if its capacity is known, else more than the usual one.
    let readSize: Int

    init(file: FileBytes, rank: Int, halfFanout: Int?) {
      offsetSize = file.offsetSize
      headerSize = 8 + 2 * file.offsetSize
      keySize = 8 + 8 * (rank + 1)
      maximumEntries = halfFanout.map { 2 * $0 } ?? Int(UInt16.max)
      // 64 children is libhdf5's default capacity. A node is at most 19 MB, whatever a file says.
      let entries = halfFanout.map { 2 * $0 } ?? 64
      readSize = headerSize + entries * (keySize + offsetSize) + keySize
    }

    func byteCount(entries: Int) -> Int { headerSize + entries * (keySize + offsetSize) + keySize }
    func keyPosition(_ index: Int) -> Int { headerSize + index * (keySize + offsetSize) }
  }

  /// Address of the node in the buffer.
  private(set) var address: UInt64 = 0
  /// 0 for a leaf, whose children are chunks.
  private(set) var level: UInt8 = 0
  /// Number of children. The buffer holds all of them and one key more.
  private(set) var entries = 0

  private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit {
    buffer.deallocate()
  }

  /// Reads a node and checks that all its entries are there.
  ///
  /// - Throws: `malformed`, `outsideFile`, `system`.
  mutating func load(
    from reader: inout NodeReader, at address: UInt64, _ format: Format
  ) throws(ChunkIndexError) {
    let file = reader.file
    self.address = address
    entries = 0
    // A node has its full size reserved, but nobody needs the unused end of it.
    let atHand = Int(min(file.available(at: address), UInt64(format.readSize)))
    guard atHand >= format.headerSize else {
      throw .outsideFile(what: "B-tree node", address: address, size: UInt64(format.headerSize))
    }
    reserve(format.readSize)
    try reader.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<atHand]))

    guard buffer[..<4].elementsEqual("TREE".utf8) else { throw .malformed(what: "no TREE signature", address: address) }
    guard buffer[4] == 1 else { throw .malformed(what: "B-tree of type \(buffer[4])", address: address) }
    level = buffer[5]
    let claimed = Int(UInt16(littleEndian: buffer.loadUnaligned(fromByteOffset: 6, as: UInt16.self)))
    guard claimed <= format.maximumEntries else {
      throw .malformed(what: "\(claimed) entries where \(format.maximumEntries) fit", address: address)
    }
    let needed = format.byteCount(entries: claimed)
    if needed > atHand {
      guard file.position(of: address, size: UInt64(needed)) != nil else {
        throw .outsideFile(what: "B-tree node", address: address, size: UInt64(needed))
      }
      reserve(needed)
      try reader.read(at: address, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<needed]))
    }
    entries = claimed
  }

  /// Offset of key `index` in the first dimension; `index` may be `entries`.
  func firstOffset(key index: Int, _ format: Format) -> UInt64 {
    number(at: format.keyPosition(index) + 8)
  }

  /// Stored bytes and filter mask of the chunk of key `index`.
  func sizeAndMask(key index: Int, _ format: Format) -> (size: UInt32, filterMask: UInt32) {
    let position = format.keyPosition(index)
    return (
      UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: UInt32.self)),
      UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self))
    )
  }

  /// Address of child `index`.
  func child(_ index: Int, _ format: Format) -> UInt64 {
    let position = format.keyPosition(index) + format.keySize
    if format.offsetSize == 8 { return number(at: position) }
    return (0..<format.offsetSize).reversed().reduce(0) { $0 << 8 | UInt64(buffer[position + $1]) }
  }

  /// The linear number of the chunk of key `index`; nil if its offsets are not those of a chunk in the dataset.
  func chunkNumber(key index: Int, _ grid: borrowing ChunkGrid, _ format: Format) -> UInt64? {
    var position = format.keyPosition(index) + 8
    var result: UInt64 = 0
    for dimension in 0..<grid.rank {
      let offset = number(at: position)
      position += 8
      if offset == 0 { continue }
      let (quotient, remainder) = offset.quotientAndRemainder(dividingBy: grid.chunkDimensions[dimension])
      guard remainder == 0, offset < grid.datasetDimensions[dimension] else { return nil }
      // Below chunkCount by construction, so neither step can overflow.
      result &+= quotient &* grid.strides[dimension]
    }
    guard number(at: position) == 0, result < grid.chunkCount else { return nil }
    return result
  }

  private func number(at position: Int) -> UInt64 {
    UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  private mutating func reserve(_ count: Int) {
    guard count > buffer.count else { return }
    buffer.deallocate()
    buffer = .allocate(byteCount: count, alignment: 16)
  }
}
