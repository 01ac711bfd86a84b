internal import Access
internal import ArrayIO
internal import EXDF
public import FUSE
internal import Glibc
internal import HDF5
public import Logging
internal import Synchronization
internal import Threads
public import Tree

/// Where the tree meets FUSE: node numbers in, attributes and bytes out, and every error becomes an errno and a line in the log
/// in one place.
///
/// Whether the thread may wait for a file is in `Request.current`, where FUSE has put it and where the files look for it.
public final class TreeFileSystem: FileSystem {
  private let tree: MountedTree
  private let logger: Logger
  private let buffers = ReplyBuffers()
  private let caching = CachingPolicy()
  private let access: any TreeAccess

  /// - Parameters:
  ///   - access: says who may see and read what.
  public init(_ tree: MountedTree, _ access: any TreeAccess, _ logger: Logger) {
    self.tree = tree
    self.access = access
    self.logger = logger
  }

  // MARK: - Names and attributes

  public func lookup(_ name: String, in parent: UInt64) throws(Refusal) -> NodeAttributes {
    guard name.utf8.count <= 255 else { throw .error(.nameTooLong) }
    let directory = try node(parent)
    try check { () throws(AccessError) in try access.checkPassing(directory) }
    let node = try answer { () throws(TreeError) in try directory.lookup(name) }
    tree.remember(node)
    do throws(Refusal) {
      return try Request.withoutWaiting { () throws(Refusal) in try attributes(of: node) }
    } catch {
      if error == .mustWait { return unknownAttributes(of: node) }
      // The kernel never hears of it, and so will not give it back.
      tree.forget(node, count: 1)
      throw error
    }
  }

  public func attributes(of number: UInt64) throws(Refusal) -> NodeAttributes {
    let node = try node(number)
    // The mount point itself is there for all users.
    if node != tree.root { try check { () throws(AccessError) in try access.checkPassing(node) } }
    return try attributes(of: node)
  }

  private func attributes(of node: Node) throws(Refusal) -> NodeAttributes {
    let attributes = try answer { () throws(TreeError) in try node.attributes() }
    let isArray = attributes.size >= 1 << 20
    let mode = access.shownMode(of: node)
    return NodeAttributes(
      inode: tree.table.number(of: node), shownInode: node.shownInode, kind: Self.kind(attributes.kind),
      size: Int64(attributes.size), permissions: Self.permissions(attributes.kind, readable: mode.permissions),
      linkCount: UInt32(clamping: attributes.linkCount), modificationSeconds: attributes.modified.seconds,
      modificationNanoseconds: attributes.modified.nanoseconds, owner: mode.owner, group: mode.group,
      // What coreutils and stdio ask for at a time; a megabyte is what one request holds.
      preferredBlockSize: isArray ? 1 << 20 : 4096, isStable: attributes.isFinal)
  }

  /// What a lookup says where attributes are not in memory: enough for the name to be known. The kernel keeps none of it, and asks for
  /// the attributes when they are wanted, which may take as long as it takes: a lookup that waits has the kernel hold a lock on its
  /// directory, and whoever tries to create a file there then stops everybody else.
  private func unknownAttributes(of node: Node) -> NodeAttributes {
    let mode = access.shownMode(of: node)
    return NodeAttributes(
      inode: tree.table.number(of: node), shownInode: node.shownInode, kind: Self.kind(node.kind),
      permissions: Self.permissions(node.kind, readable: mode.permissions), owner: mode.owner, group: mode.group,
      isStable: false)
  }

  private static func permissions(_ kind: EntryKind, readable: UInt32) -> UInt32 {
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

  public func readLink(_ number: UInt64) throws(Refusal) -> String {
    let node = try node(number)
    try check { () throws(AccessError) in try access.checkPassing(node) }
    return try answer { () throws(TreeError) in try node.target() }
  }

  /// Has the tree load what a listing needs, by beginning one.
  public func openDirectory(_ number: UInt64) throws(Refusal) {
    let node = try node(number)
    try check { () throws(AccessError) in try access.checkListing(node) }
    try answer { () throws(TreeError) in try node.entries(from: 0) { _, _ in false } }
  }

  public func access(_ number: UInt64, reads: Bool, enters: Bool) throws(Refusal) {
    let node = try node(number)
    try check { () throws(AccessError) in
      if reads {
        try node.kind == .directory ? access.checkListing(node) : access.checkReading(node)
      } else if enters {
        try access.checkPassing(node)
      }
    }
  }

  public func cacheSeconds(of number: UInt64) -> Double {
    (try? node(number)).map { access.cacheSeconds(of: $0) } ?? 0
  }

  public func keepsListing(of number: UInt64) -> Bool { (try? node(number))?.isFixed ?? false }

  public func entries(of number: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(Refusal) {
    let directory = try node(number)
    // A list cannot be captured by the closure that fills it, so entries come in batches; a batch is what fits a buffer.
    var next = Int(clamping: cookie)
    while true {
      var batch: [(child: Child, next: Int)] = []
      try answer { () throws(TreeError) in
        try directory.entries(from: next) { child, cookie in
          batch.append((child, cookie))
          return batch.count < 512
        }
      }
      for (child, cookie) in batch {
        let isTaken = list.add(
          name: child.name, inode: tree.table.number(of: child.node), shownInode: child.node.shownInode,
          kind: Self.kind(child.kind), nextCookie: UInt64(cookie))
        guard isTaken else { return }
        next = cookie
      }
      if batch.count < 512 { return }
    }
  }

  public func remember(_ number: UInt64) {
    if let node = try? tree.table.node(number) { tree.remember(node) }
  }

  public func forget(_ number: UInt64, count: UInt64) {
    // By the table, as a run that is forgotten is not in use.
    if let node = try? tree.table.node(number) { tree.forget(node, count: count) }
  }

  /// On the root: what the daemon has done, one number a line. Not listed, as it is another one each time.
  private static let statisticsName = "user.xfelfs.stats"

  public var requestLog: (@Sendable (String) -> Void)? {
    guard logger.logLevel <= .debug else { return nil }
    let logger = logger
    return { line in logger.debug("\(line)") }
  }

  public func extendedAttribute(_ name: String, of number: UInt64) throws(Refusal) -> [UInt8] {
    if name == Self.statisticsName, try node(number) == tree.root { return Array(Counters.text.utf8) }
    let values = try checked(number) { node throws(TreeError) in try node.extendedAttributes() }
    guard let value = values[name] else { throw .error(.noAttribute) }
    return value
  }

  public func extendedAttributeNames(of number: UInt64) throws(Refusal) -> [String] {
    try checked(number) { node throws(TreeError) in try node.extendedAttributeNames() }
  }

  /// What `body` makes of a node that the caller may read, and may read still when it is known which files it needs.
  private func checked<R>(_ number: UInt64, _ body: (Node) throws(TreeError) -> R) throws(Refusal) -> R {
    let node = try node(number)
    try check { () throws(AccessError) in try access.checkReading(node) }
    let answer = try answer { () throws(TreeError) in try body(node) }
    try check { () throws(AccessError) in try access.checkLinkedFiles(node) }
    return answer
  }

  public func statistics() -> FileSystemStatistics {
    let (bytes, files) = tree.totals
    return FileSystemStatistics(blocks: bytes / 4096 + (bytes % 4096 == 0 ? 0 : 1), files: UInt64(files))
  }

  // MARK: - Contents

  public func open(_ number: UInt64) throws(Refusal) -> Opening {
    let node = try node(number)
    try check { () throws(AccessError) in try access.checkReading(node) }
    let mayChange = node.mayChange
    let source = try answer { () throws(TreeError) in try node.open() }
    let isDirect: Bool
    do throws(ReadError) {
      // Describes the first dataset, and so tells whether its bytes lie in other files.
      if access.letsOthersIn { _ = try source.needsDecoding }
      // Two openings of a report may be two texts, which the page cache would mix.
      isDirect = mayChange ? true : try caching.isDirect(number, source)
    } catch {
      throw refusal(for: TreeError(error))
    }
    try check { () throws(AccessError) in try access.checkLinkedFiles(node) }
    // What the page cache has is read without being asked for: by a user who may not read the other file, say, and has opened the node
    // before it was known to lead there.
    let isLinked = access.hasLinkedFiles(node)
    return Opening(
      OpenSource(source, of: node, isCached: !isLinked, in: self), directIO: isDirect || isLinked,
      keepCache: !mayChange && !isLinked)
  }

  /// Tells that files opened past the page cache can be mapped into memory, so that they may be opened like that.
  public func allowDirectIO() { caching.allowDirectIO() }

  /// An open file of the tree.
  private final class OpenSource: OpenFile {
    let reader: SequentialReader
    let node: Node
    /// Whether what is read goes into the page cache.
    let isCached: Bool
    private let fileSystem: TreeFileSystem
    /// A file can be handed on to a process of another user; what it may read stays what its opener may.
    let opener = Request.current.caller

    init(_ source: any ByteSource, of node: Node, isCached: Bool, in fileSystem: TreeFileSystem) {
      reader = SequentialReader(source)
      self.node = node
      self.isCached = isCached
      self.fileSystem = fileSystem
    }

    var isInMemory: Bool { reader.source.isInMemory }

    func read(at offset: Int64, count: Int, reply: consuming ReadReply) {
      fileSystem.answer(self, offset: Int(offset), count: count, reply)
    }
  }

  private func answer(_ file: OpenSource, offset: Int, count: Int, _ reply: consuming ReadReply) {
    guard let buffer = buffers.take(count) else {
      reply.fail(.noMemory)
      return
    }
    defer { buffers.give(back: buffer) }
    do throws(ReadError) {
      let sink = try file.reader.read(at: offset, count, buffer: buffer)
      if let error = obstacle(toSending: file) {
        reply.fail(error)
      } else {
        Counters.count(.bytesRead, count)
        reply.send(pieces: sink.pieces)
      }
      // The pieces belong to it.
      withExtendedLifetime(sink) {}
    } catch {
      // A reader that was interrupted has its answer, and nothing went wrong.
      if !reply.isInterrupted { reply.fail(errno(for: error)) }
    }
  }

  /// Why bytes that have been read must not be sent: they come from another file, which is known only now.
  private func obstacle(toSending file: OpenSource) -> FUSE.Errno? {
    guard access.hasLinkedFiles(file.node) else { return nil }
    guard !file.isCached else {
      logger.error(
        "something was opened before it was known to lie in a file outside of the run: it has to be opened again")
      return .inputOutput
    }
    do throws(AccessError) {
      try access.checkLinkedFiles(file.node)
      return nil
    } catch {
      return errno(for: error)
    }
  }

  // MARK: - Errors

  private func node(_ number: UInt64) throws(Refusal) -> Node {
    try answer { () throws(TreeError) in try tree.node(number) }
  }

  private func check(_ body: () throws(AccessError) -> Void) throws(Refusal) {
    do throws(AccessError) {
      try body()
    } catch {
      throw refusal(for: error)
    }
  }

  /// The one place where a missing right becomes a number, and a line in the log where it could not be found out.
  private func refusal(for error: AccessError) -> Refusal {
    if case .mustWait = error { return .mustWait }
    return .error(errno(for: error))
  }

  private func errno(for error: AccessError) -> FUSE.Errno {
    switch error {
    case .denied, .mustWait, .interrupted: break
    case .changed, .failed, .noRights: logger.error("\(error)")
    }
    return FUSE.Errno(rawValue: error.errno)
  }

  private func answer<R>(_ body: () throws(TreeError) -> R) throws(Refusal) -> R {
    do throws(TreeError) {
      return try body()
    } catch {
      throw refusal(for: error)
    }
  }

  /// The one place where an error of the tree becomes a number, and a line in the log where the user cannot know the reason.
  private func refusal(for error: TreeError) -> Refusal {
    switch error {
    case .notFound(let reason):
      if let reason { logger.warning("\(reason)") }
      return .error(.noSuchFileOrDirectory)
    case .notADirectory: return .error(.notADirectory)
    case .isADirectory: return .error(.isADirectory)
    case .notALink: return .error(.invalidArgument)
    case .interrupted: return .error(.interrupted)
    case .mustWait: return .mustWait
    case .unreadable(let error): return .error(errno(for: error))
    case .cannotOpen(let error):
      logger.error("\(error)")
      return .error(.inputOutput)
    }
  }

  private func errno(for error: ReadError) -> FUSE.Errno {
    logger.error("\(error)")
    if case .damaged(let damage) = error { tree.note(damage) }
    return FUSE.Errno(rawValue: error.errno)
  }
}
