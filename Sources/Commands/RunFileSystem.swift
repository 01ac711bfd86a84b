internal import ArrayIO
internal import EXDF
internal import FUSE
internal import Glibc
internal import HDF5
internal import Logging
internal import RunTree
internal import Synchronization

/// Where the tree meets FUSE: node numbers in, attributes and bytes out, and every error becomes an errno and a line in the log
/// in one place.
final class RunFileSystem: FileSystem {
  private let tree: RunTree
  private let logger: Logger
  private let buffers = ReplyBuffers()
  private let caching = CachingPolicy()
  private let lanes: ReadLanes
  private let waiting = WaitingOpens()
  private let owner: UInt32
  private let group: UInt32
  private let readable: UInt32
  private let totalSize: UInt64

  /// An open file. The kernel keeps its address as the handle, from open to release.
  private typealias Handle = SequentialReader

  /// - Parameter threads: how many of the kernel's requests are answered at a time.
  init(_ tree: RunTree, threads: Int, _ logger: Logger) {
    self.tree = tree
    self.logger = logger
    lanes = ReadLanes(threads: threads)
    owner = tree.ownership?.owner ?? getuid()
    group = tree.ownership?.group ?? getgid()
    readable = UInt32(tree.ownership?.permissions ?? 0o444)
    totalSize = tree.run.files.reduce(0) { $0 &+ UInt64(clamping: $1.reference.identity.size) }
  }

  // MARK: - Names and attributes

  func lookup(_ name: String, in parent: UInt64) throws(FUSE.Errno) -> NodeAttributes {
    guard name.utf8.count <= 255 else { throw .nameTooLong }
    let node = try answer(parent) { directory throws(TreeError) in try tree.lookup(name, in: directory) }
    do throws(FUSE.Errno) {
      return try attributes(of: node, NodeID(node).rawValue)
    } catch {
      // The kernel never hears of it, and so will not give it back.
      tree.forget(node, count: 1)
      throw error
    }
  }

  func attributes(of node: UInt64) throws(FUSE.Errno) -> NodeAttributes {
    guard let place = NodeID(rawValue: node).node else { throw .noSuchFileOrDirectory }
    return try attributes(of: place, node)
  }

  private func attributes(of node: Node, _ number: UInt64) throws(FUSE.Errno) -> NodeAttributes {
    let attributes = try answer(number) { _ throws(TreeError) in try tree.attributes(of: node) }
    let isArray = attributes.size >= 1 << 20
    return NodeAttributes(
      inode: number, kind: Self.kind(attributes.kind), size: Int64(attributes.size),
      permissions: permissions(attributes.kind),
      linkCount: UInt32(clamping: attributes.linkCount), modificationSeconds: attributes.modified.seconds,
      modificationNanoseconds: attributes.modified.nanoseconds, owner: owner, group: group,
      // What coreutils and stdio ask for at a time; a megabyte is what one request holds.
      preferredBlockSize: isArray ? 1 << 20 : 4096, isStable: attributes.isFinal)
  }

  private func permissions(_ kind: EntryKind) -> UInt32 {
    switch kind {
    case .file: readable
    // Who may read may enter.
    case .directory: readable | readable >> 2
    case .symbolicLink: 0o777
    }
  }

  private static func kind(_ kind: EntryKind) -> FUSE.NodeKind {
    switch kind {
    case .file: .file
    case .directory: .directory
    case .symbolicLink: .symbolicLink
    }
  }

  func readLink(_ node: UInt64) throws(FUSE.Errno) -> String {
    try answer(node) { node throws(TreeError) in try tree.target(of: node) }
  }

  func entries(of node: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(FUSE.Errno) {
    guard let directory = NodeID(rawValue: node).node else { throw .noSuchFileOrDirectory }
    // A list cannot be captured by the closure that fills it, so entries come in batches; a batch is what fits a buffer.
    var next = Int(clamping: cookie)
    while true {
      var batch: [(entry: TreeEntry, next: Int)] = []
      do throws(TreeError) {
        try tree.entries(of: directory, from: next) { entry, cookie in
          batch.append((entry, cookie))
          return batch.count < 512
        }
      } catch {
        throw errno(for: error)
      }
      for (entry, cookie) in batch {
        let isTaken = list.add(
          name: entry.name, inode: NodeID(entry.node).rawValue, kind: Self.kind(entry.kind), nextCookie: UInt64(cookie))
        guard isTaken else { return }
        next = cookie
      }
      if batch.count < 512 { return }
    }
  }

  func forget(_ node: UInt64, count: UInt64) {
    if let place = NodeID(rawValue: node).node { tree.forget(place, count: count) }
  }

  func extendedAttribute(_ name: String, of node: UInt64) throws(FUSE.Errno) -> [UInt8] {
    let values = try answer(node) { node throws(TreeError) in try tree.extendedAttributes(of: node) }
    guard let value = values[name] else { throw .noAttribute }
    return value
  }

  func extendedAttributeNames(of node: UInt64) throws(FUSE.Errno) -> [String] {
    try answer(node) { node throws(TreeError) in try tree.extendedAttributes(of: node) }.keys.sorted()
  }

  func statistics() -> FileSystemStatistics {
    FileSystemStatistics(blocks: (totalSize + 4095) / 4096, files: UInt64(tree.run.files.count))
  }

  // MARK: - Contents

  func open(_ node: UInt64) throws(FUSE.Errno) -> OpenedFile {
    try open(node) { false }
  }

  func open(_ node: UInt64, reply: consuming OpenReply) {
    waiting.wait(reply) { [self] reply in
      do throws(FUSE.Errno) {
        return .success(try open(node) { reply.isInterrupted })
      } catch {
        return .failure(error)
      }
    }
  }

  private func open(_ number: UInt64, isInterrupted: () -> Bool) throws(FUSE.Errno) -> OpenedFile {
    var mayChange = false
    let source = try answer(number) { node throws(TreeError) in
      mayChange = tree.mayChange(node)
      return try tree.open(node)
    }
    let handle = Unmanaged.passRetained(Handle(source))
    let opened = UInt64(UInt(bitPattern: handle.toOpaque()))
    // Two openings of a report may be two texts, which the page cache would mix.
    return OpenedFile(handle: opened, directIO: mayChange || caching.isDirect(number, source), keepCache: !mayChange)
  }

  /// Tells that files opened past the page cache can be mapped into memory, so that they may be opened like that.
  func allowDirectIO() { caching.allowDirectIO() }

  func release(handle: UInt64) {
    if let pointer = UnsafeRawPointer(bitPattern: UInt(handle)) { Unmanaged<Handle>.fromOpaque(pointer).release() }
  }

  func read(handle: UInt64, node: UInt64, offset: Int64, count: Int, reply: consuming ReadReply) {
    guard let file = Self.handle(handle) else {
      reply.fail(.badFileDescriptor)
      return
    }
    lanes.run(reply, isLong: file.source.longestWindow > 0) { [self] (reply) in
      answer(file, offset: Int(offset), count: count, reply)
    }
  }

  private func answer(_ file: Handle, offset: Int, count: Int, _ reply: consuming ReadReply) {
    guard let buffer = buffers.take(count) else {
      reply.fail(.noMemory)
      return
    }
    defer { buffers.give(back: buffer) }
    do throws(ReadError) {
      let sink = try file.read(at: offset, count, buffer: buffer)
      reply.send(pieces: sink.pieces)
      // The pieces belong to it.
      withExtendedLifetime(sink) {}
    } catch {
      reply.fail(errno(for: .unreadable(error)))
    }
  }

  private static func handle(_ number: UInt64) -> Handle? {
    UnsafeRawPointer(bitPattern: UInt(number)).map { Unmanaged<Handle>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: - Errors

  private func answer<R>(
    _ number: UInt64, _ body: (Node) throws(TreeError) -> R
  ) throws(FUSE.Errno) -> R {
    guard let node = NodeID(rawValue: number).node else { throw .noSuchFileOrDirectory }
    do throws(TreeError) {
      return try body(node)
    } catch {
      throw errno(for: error)
    }
  }

  /// The one place where an error of the tree becomes a number, and a line in the log where the user cannot know the reason.
  private func errno(for error: TreeError) -> FUSE.Errno {
    switch error {
    case .notFound(let reason):
      if let reason { logger.warning("\(reason)") }
      return .noSuchFileOrDirectory
    case .notADirectory: return .notADirectory
    case .isADirectory: return .isADirectory
    case .notALink: return .invalidArgument
    case .interrupted: return .interrupted
    case .mustWait: return .tryAgain
    case .unreadable(let error):
      logger.error("\(error)")
      return FUSE.Errno(rawValue: error.errno)
    }
  }
}
