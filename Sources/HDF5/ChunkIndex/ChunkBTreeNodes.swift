internal import Synchronization
public import Threads

/// What walks over one tree share: the inner nodes that have been read, and threads to read leaves side by side.
///
/// At 2 ms a read the ten nodes of 512 chunks take 20 ms one after the other; the root kept and the leaves read at once, 2 ms.
public final class ChunkBTreeNodes: Sendable {
  private let helpers: WorkerPool
  private let inner = Mutex<[UInt64: [UInt8]]>([:])

  /// Inner nodes that are kept, of about 3 KB each: those over 1.2 million chunks as libhdf5 writes them by default.
  private static let mostKept = 400
  /// Of each node; a file may claim nodes of 19 MB.
  private static let mostBytes = 16 << 10

  /// - Parameter helpers: threads that wait for reads; they are only used if the file's latency says that it is slow.
  public init(helpers: WorkerPool) { self.helpers = helpers }

  /// The bytes of an inner node that was read before.
  func kept(_ address: UInt64) -> [UInt8]? { inner.withLock { $0[address] } }

  /// Keeps the bytes of an inner node.
  func keep(_ bytes: UnsafeRawBufferPointer, at address: UInt64) {
    guard bytes.count <= Self.mostBytes else { return }
    let copy = [UInt8](bytes)
    inner.withLock { if $0.count < Self.mostKept { $0[address] = copy } }
  }

  /// Reads the bytes of nodes side by side. One that cannot be read is not among them.
  func read(_ addresses: [UInt64], count: Int, from file: FileBytes) -> [UInt64: [UInt8]] {
    let found = Found()
    helpers.together(addresses.count) { number in
      let address = addresses[number]
      let count = min(UInt64(count), file.available(at: address))
      guard let bytes = try? file.bytes("B-tree node", at: address, count: Int(count)) else { return }
      found.bytes.withLock { $0[address] = bytes }
    }
    return found.bytes.withLock { $0 }
  }

  private final class Found: Sendable {
    let bytes = Mutex<[UInt64: [UInt8]]>([:])
  }
}

/// Where a walk gets the bytes of nodes from: those that were read ahead, those that are kept, and else the file.
struct NodeReader: ~Copyable {
  let file: FileBytes
  private let nodes: ChunkBTreeNodes?
  /// Nodes that have been read ahead and not been visited.
  private var ahead: [UInt64: [UInt8]] = [:]

  /// As many nodes are read side by side as have this many bytes together: all children of a usual node.
  private static let mostAhead = 256 << 10

  init(_ file: FileBytes, _ nodes: ChunkBTreeNodes?) {
    self.file = file
    self.nodes = nodes
  }

  /// How many nodes it is worth to name to ``readAhead(_:count:)``; 0 where the file answers at once.
  func mostAhead(count: Int) -> Int {
    nodes != nil && file.latency?.isSlow == true ? Self.mostAhead / count : 0
  }

  func isAhead(_ address: UInt64) -> Bool { ahead[address] != nil }

  /// Reads nodes, `count` bytes of each or what the file has, for ``read(at:into:)`` to find.
  mutating func readAhead(_ addresses: [UInt64], count: Int) {
    guard let nodes else { return }
    // Two keys may lead to the same node in a damaged file; the walk will say so.
    for (address, bytes) in nodes.read(addresses, count: count, from: file) { ahead[address] = bytes }
  }

  /// Fills the buffer with the beginning of a node.
  mutating func read(at address: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ChunkIndexError) {
    if let bytes = ahead.removeValue(forKey: address) ?? nodes?.kept(address), bytes.count >= buffer.count {
      buffer.copyBytes(from: bytes.prefix(buffer.count))
      return
    }
    try file.read("B-tree node", at: address, into: buffer)
    // Byte 5 is the level.
    if let nodes, buffer.count > 5, buffer[5] > 0 { nodes.keep(UnsafeRawBufferPointer(buffer), at: address) }
  }
}
