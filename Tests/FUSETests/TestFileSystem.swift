import FUSE
import Synchronization

/// A small file system in memory. File contents are computed from the offset, so that a test can say what each byte has to be.
final class TestFileSystem: FileSystem {
  enum Content: Sendable {
    case directory([String])
    case file(size: Int64, how: Reading)
    case link(String)
  }

  enum Reading: Sendable {
    case atOnce, inPieces, inManyPieces, fromOtherThread, directly, never, unknownSize
    case failing(Errno)
    /// Waits until the reader is interrupted.
    case whenInterrupted
  }

  struct Node: Sendable {
    var name: String
    var content: Content
  }

  /// Paths below the root, directories before what is in them; node numbers count from 2.
  private let nodes: [UInt64: Node]
  private let children: [UInt64: [(name: String, node: UInt64)]]
  private let index: [UInt64: [String: UInt64]]

  let lookups = Atomic(0)
  let opened = Atomic(0)
  let released = Atomic(0)
  let forgotten = Atomic<UInt64>(0)

  init(_ paths: [(path: String, content: Content)]) {
    var nodes: [UInt64: Node] = [1: Node(name: "", content: .directory([]))]
    var numbers: [String: UInt64] = ["": 1]
    var children: [UInt64: [(name: String, node: UInt64)]] = [:]
    var index: [UInt64: [String: UInt64]] = [:]
    for (path, content) in paths {
      let number = UInt64(nodes.count + 1)
      let slash = path.lastIndex(of: "/")
      let parent = numbers[slash.map { String(path[..<$0]) } ?? ""] ?? 1
      let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
      nodes[number] = Node(name: name, content: content)
      numbers[path] = number
      children[parent, default: []].append((name, number))
      index[parent, default: [:]][name] = number
    }
    self.nodes = nodes
    self.children = children
    self.index = index
  }

  /// The contents of every file repeat after a number of bytes that is prime, so that no block is like another.
  private static let pattern: [UInt8] = {
    var generator = Generator(state: 42)
    return (0..<65_521).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }()

  /// What the bytes of every file at `offset` are.
  static func bytes(_ offset: Int64, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    var position = Int(offset % Int64(pattern.count))
    while bytes.count < count {
      let part = pattern[position...].prefix(count - bytes.count)
      bytes.append(contentsOf: part)
      position = 0
    }
    return bytes
  }

  func lookup(_ name: String, in parent: UInt64) throws(Refusal) -> NodeAttributes {
    lookups.add(1, ordering: .relaxed)
    if name == "forbidden" { throw .error(.permissionDenied) }
    guard let node = index[parent]?[name] else { throw .error(.noSuchFileOrDirectory) }
    return try attributes(of: node)
  }

  func attributes(of node: UInt64) throws(Refusal) -> NodeAttributes {
    guard let content = nodes[node]?.content else { throw .error(.staleHandle) }
    return switch content {
    case .directory: NodeAttributes(inode: node, kind: .directory)
    case .link(let target): NodeAttributes(inode: node, kind: .symbolicLink, size: Int64(target.utf8.count))
    case .file(let size, .unknownSize):
      NodeAttributes(inode: node, kind: .file, size: opened.load(ordering: .relaxed) > 0 ? size : 0, isStable: false)
    case .file(let size, _):
      NodeAttributes(
        inode: node, kind: .file, size: size, permissions: 0o440, linkCount: 1, modificationSeconds: 1_700_000_000,
        modificationNanoseconds: 5, owner: 12, group: 34, preferredBlockSize: 1 << 20)
    }
  }

  func readLink(_ node: UInt64) throws(Refusal) -> String {
    guard case .link(let target) = nodes[node]?.content else { throw .error(.invalidArgument) }
    return target
  }

  func entries(of node: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(Refusal) {
    guard case .directory = nodes[node]?.content else { throw .error(.notADirectory) }
    let entries = children[node] ?? []
    var position = Int(cookie)
    while position < entries.count {
      let entry = entries[position]
      let kind: NodeKind =
        switch nodes[entry.node]?.content {
        case .directory: .directory
        case .link: .symbolicLink
        default: .file
        }
      position += 1
      guard list.add(name: entry.name, inode: entry.node, kind: kind, nextCookie: UInt64(position)) else { return }
    }
  }

  func open(_ node: UInt64) throws(Refusal) -> Opening {
    guard case .file(let size, let how) = nodes[node]?.content else { throw .error(.isADirectory) }
    opened.add(1, ordering: .relaxed)
    let file = File(size: size, how: how, fileSystem: self)
    switch how {
    case .directly, .unknownSize, .whenInterrupted: return Opening(file, directIO: true, keepCache: false)
    default: return Opening(file)
    }
  }

  fileprivate func read(
    _ size: Int64, _ how: Reading, offset: Int64, count: Int, reply: consuming ReadReply
  ) {
    let bytes = Self.bytes(offset, Int(max(0, min(Int64(count), size - offset))))
    switch how {
    case .atOnce, .directly, .unknownSize: Self.send(bytes, pieceSize: max(bytes.count, 1), reply)
    case .inPieces: Self.send(bytes, pieceSize: max(1, bytes.count / 7), reply)
    case .inManyPieces: Self.send(bytes, pieceSize: 17, reply)
    case .fromOtherThread: Handover(reply).send(bytes)
    case .never: return
    case .failing(let error): reply.fail(error)
    case .whenInterrupted: Handover(reply).failWhenInterrupted()
    }
  }

  private final class File: OpenFile {
    let size: Int64
    let how: Reading
    let fileSystem: TestFileSystem
    let isInMemory = true

    init(size: Int64, how: Reading, fileSystem: TestFileSystem) {
      self.size = size
      self.how = how
      self.fileSystem = fileSystem
    }

    deinit { fileSystem.released.add(1, ordering: .relaxed) }

    func read(at offset: Int64, count: Int, reply: consuming ReadReply) {
      fileSystem.read(size, how, offset: offset, count: count, reply: reply)
    }
  }

  private static func send(_ bytes: [UInt8], pieceSize: Int, _ reply: consuming ReadReply) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    let pieces = stride(from: 0, to: bytes.count, by: pieceSize).map {
      UnsafeRawBufferPointer(rebasing: memory[$0..<min($0 + pieceSize, bytes.count)])
    }
    reply.send(pieces: pieces)
  }

  func extendedAttribute(_ name: String, of node: UInt64) throws(Refusal) -> [UInt8] {
    switch name {
    case "user.name": return Array((nodes[node]?.name ?? "").utf8)
    case "user.empty": return []
    default: throw .error(.noAttribute)
    }
  }

  func extendedAttributeNames(of node: UInt64) throws(Refusal) -> [String] { ["user.name", "user.empty"] }

  func forget(_ node: UInt64, count: UInt64) { forgotten.add(count, ordering: .relaxed) }

  func statistics() -> FileSystemStatistics { FileSystemStatistics(blocks: 1000, files: UInt64(nodes.count)) }
}
