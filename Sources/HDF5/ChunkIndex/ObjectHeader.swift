/// Finds the data layout message in an object header ("HDF5 File Format Specification", IV.A.1), version 1 or 2,
/// through its continuation blocks. Checksums are left to libhdf5, which has opened the object before.
struct ObjectHeader {
  private let file: FileBytes
  private let address: UInt64
  /// The bytes from `address` on.
  private var head: [UInt8] = []
  /// Blocks of messages still to be read.
  private var blocks: [Block] = []
  private var blocksSeen = 0

  private struct Block {
    var address: UInt64
    var size: UInt64
    var isContinuation = true
  }

  /// How messages are laid out, which differs between the versions.
  private struct Format {
    /// 1 or 2.
    var version: Int
    /// Version 2: each message has its creation order.
    var tracksCreationOrder = false
  }

  private static let continuationMessage: UInt64 = 0x10
  private static let layoutMessage: UInt64 = 0x08
  /// A block has at most this many bytes and a header this many blocks. Limits of ours, not of
  /// the format: generous guesses, against headers made to exhaust memory or time.
  private static let maximumBlockSize: UInt64 = 16 << 20
  private static let maximumBlocks = 1024

  /// The layout of the dataset whose object header is at `address` (H5O_info_t.addr, without the user block).
  ///
  /// - Throws: `ChunkIndexError` if the header cannot be read, contradicts the format or has no layout message.
  static func dataLayout(of file: FileBytes, at address: UInt64) throws(ChunkIndexError) -> DataLayout {
    var header = ObjectHeader(file: file, address: address)
    let format = try header.readPrefix()
    while let block = header.blocks.popLast() {
      header.blocksSeen += 1
      guard header.blocksSeen <= maximumBlocks else {
        throw .malformed(what: "object header with too many continuations", address: address)
      }
      if let message = try header.layoutMessage(in: block, format) {
        return try DataLayout(message: message, of: file, address: address)
      }
    }
    throw .malformed(what: "object header without a data layout message", address: address)
  }

  private init(file: FileBytes, address: UInt64) {
    self.file = file
    self.address = address
  }

  /// What is read at once: the first block of a dataset's header has 256 bytes mostly, and another read may take milliseconds.
  private static let headSize: UInt64 = 1024

  /// Reads what precedes the messages and notes the first block.
  private mutating func readPrefix() throws(ChunkIndexError) -> Format {
    let length = Int(min(file.available(at: address), Self.headSize))
    head = try file.bytes("object header", at: address, count: length)
    var cursor = ByteCursor(head[...])
    let start = cursor
    if let signature = cursor.slice(4), signature.elementsEqual("OHDR".utf8) {
      guard cursor.number(1) == 2, let flags = cursor.number(1) else { throw malformed("unknown version") }
      let optional = (flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0)
      guard cursor.slice(optional) != nil, let size = cursor.number(1 << Int(flags & 3)) else {
        throw malformed("truncated")
      }
      blocks = [Block(address: try sum(address, UInt64(cursor.position)), size: size, isContinuation: false)]
      return Format(version: 2, tracksCreationOrder: flags & 0x04 != 0)
    }
    cursor = start
    guard cursor.number(1) == 1, cursor.slice(7) != nil, let size = cursor.number(4) else {
      throw malformed("neither version 1 nor version 2")
    }
    // Twelve bytes and four of padding.
    blocks = [Block(address: try sum(address, 16), size: size, isContinuation: false)]
    return Format(version: 1)
  }

  /// Goes through the messages of a block, notes continuations, returns the layout message if it is here.
  private mutating func layoutMessage(in block: Block, _ format: Format) throws(ChunkIndexError) -> ArraySlice<UInt8>? {
    guard block.size <= Self.maximumBlockSize else { throw malformed("block of \(block.size) bytes") }
    var body = try bytes(of: block)
    if format.version == 2, block.isContinuation {
      // Signature before, checksum behind. The first block's size counts neither.
      guard body.count >= 8, body.prefix(4).elementsEqual("OCHK".utf8) else { throw malformed("no OCHK signature") }
      body = body.dropFirst(4).dropLast(4)
    }
    var cursor = ByteCursor(body)
    let isOld = format.version == 1
    let prefix = isOld ? 8 : format.tracksCreationOrder ? 6 : 4
    // Whatever is shorter than a message is a gap.
    while cursor.remaining >= prefix {
      guard let type = cursor.number(isOld ? 2 : 1), let size = cursor.number(2), let flags = cursor.number(1),
        cursor.slice(isOld ? 3 : prefix - 4) != nil, let data = cursor.slice(Int(size))
      else { throw malformed("message beyond the end of its block") }
      switch type {
      case Self.layoutMessage:
        // Flag 1: the message lies elsewhere. libhdf5 does not share layouts.
        guard flags & 0x02 == 0 else { throw malformed("shared data layout message") }
        return data
      case Self.continuationMessage:
        var continuation = ByteCursor(data)
        guard let next = continuation.number(file.offsetSize), let length = continuation.number(file.lengthSize) else {
          throw malformed("truncated continuation message")
        }
        blocks.append(Block(address: next, size: length))
      default: break
      }
    }
    return nil
  }

  private func bytes(of block: Block) throws(ChunkIndexError) -> ArraySlice<UInt8> {
    if block.address >= address, block.address - address <= UInt64(head.count),
      block.size <= UInt64(head.count) - (block.address - address)
    {
      let start = Int(block.address - address)
      return head[start..<start + Int(block.size)]
    }
    return try file.bytes("object header block", at: block.address, count: Int(block.size))[...]
  }

  private func malformed(_ what: String) -> ChunkIndexError {
    .malformed(what: "object header: \(what)", address: address)
  }

  private func sum(_ a: UInt64, _ b: UInt64) throws(ChunkIndexError) -> UInt64 {
    let (result, overflow) = a.addingReportingOverflow(b)
    guard !overflow else { throw malformed("address overflow") }
    return result
  }
}
