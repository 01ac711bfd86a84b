import FUSE
import Glibc
import Synchronization
import Threads

/// A file system of which chosen steps are not in memory, and hang until a gate is opened.
///
///     quick       a file in memory
///     cached      a file whose reads hang, and go through the page cache
///     slow        a file whose reads may wait, but do not
///     hung        a file of which everything may hang; so is every name that begins with hung
///     link        a symbolic link, to quick
///     directory   with directory/sub, a directory, and directory/file
final class WaitingFileSystem: FileSystem {
  enum Step: String, CaseIterable, Sendable {
    case lookup, attributes, readLink, openDirectory, entries, open, read, extendedAttribute, extendedAttributeNames
    /// The attributes of what is listed in `directory`.
    case attributesOfEntries
  }

  private enum Inode {
    static let quick: UInt64 = 2
    static let slow: UInt64 = 3
    static let hung: UInt64 = 4
    static let link: UInt64 = 5
    static let directory: UInt64 = 6
    static let sub: UInt64 = 7
    static let file: UInt64 = 8
    static let cached: UInt64 = 9
  }

  static let contents = Array("contents".utf8)

  /// What is not in memory.
  private let steps: Set<Step>
  /// What waits passes when it is open.
  let gate = Gate()
  /// How often a step was refused because the thread must not wait.
  let refused = Atomic(0)
  /// What was waited for to its end.
  let passed = Mutex<[Step]>([])
  /// How many of those had been interrupted before.
  let interrupted = Atomic(0)
  /// Whether lookups of `hung` need not wait.
  let isHungKnown = Atomic(false)
  let opened = Atomic(0)
  let released = Atomic(0)
  let forgotten = Atomic<UInt64>(0)
  let callers = Mutex<[Request.Caller?]>([])

  init(hanging steps: Set<Step>) { self.steps = steps }

  private func take(_ step: Step) throws(Refusal) {
    guard steps.contains(step) else { return }
    guard Request.current.mayWait else {
      refused.add(1, ordering: .relaxed)
      throw .mustWait
    }
    gate.wait()
    if Request.current.isInterrupted() { interrupted.add(1, ordering: .relaxed) }
    passed.withLock { $0.append(step) }
  }

  func lookup(_ name: String, in parent: UInt64) throws(Refusal) -> NodeAttributes {
    callers.withLock { $0.append(Request.current.caller) }
    if name.hasPrefix("hung") {
      if !isHungKnown.load(ordering: .relaxed) { try take(.lookup) }
      return Self.attributes(of: Inode.hung)
    }
    switch (parent, name) {
    case (1, "quick"): return Self.attributes(of: Inode.quick)
    case (1, "slow"): return Self.attributes(of: Inode.slow)
    case (1, "cached"): return Self.attributes(of: Inode.cached)
    case (1, "link"): return Self.attributes(of: Inode.link)
    case (1, "directory"): return Self.attributes(of: Inode.directory)
    case (Inode.directory, "sub"): return Self.attributes(of: Inode.sub)
    case (Inode.directory, "file"): return Self.attributes(of: Inode.file)
    default: throw .error(.noSuchFileOrDirectory)
    }
  }

  func attributes(of node: UInt64) throws(Refusal) -> NodeAttributes {
    if node == Inode.hung { try take(.attributes) }
    if node == Inode.sub || node == Inode.file { try take(.attributesOfEntries) }
    return Self.attributes(of: node)
  }

  /// Those of `hung` are never kept, so that the kernel asks each time.
  private static func attributes(of node: UInt64) -> NodeAttributes {
    switch node {
    case 1, Inode.directory, Inode.sub: NodeAttributes(inode: node, kind: .directory)
    case Inode.link: NodeAttributes(inode: node, kind: .symbolicLink, size: 5)
    default: NodeAttributes(inode: node, kind: .file, size: Int64(contents.count), isStable: node != Inode.hung)
    }
  }

  func readLink(_ node: UInt64) throws(Refusal) -> String {
    try take(.readLink)
    return "quick"
  }

  func openDirectory(_ node: UInt64) throws(Refusal) {
    if node == Inode.directory { try take(.openDirectory) }
  }

  func entries(of node: UInt64, from cookie: UInt64, into list: inout DirectoryList) throws(Refusal) {
    let entries: [(name: String, inode: UInt64, kind: NodeKind)]
    if node == Inode.directory {
      try take(.entries)
      entries = [("sub", Inode.sub, .directory), ("file", Inode.file, .file)]
    } else {
      entries = [("quick", Inode.quick, .file), ("directory", Inode.directory, .directory)]
    }
    for (index, entry) in entries.enumerated().dropFirst(Int(cookie)) {
      let isTaken = list.add(name: entry.name, inode: entry.inode, kind: entry.kind, nextCookie: UInt64(index + 1))
      guard isTaken else { return }
    }
  }

  func open(_ node: UInt64) throws(Refusal) -> Opening {
    if node == Inode.hung { try take(.open) }
    opened.add(1, ordering: .relaxed)
    let hangs = node == Inode.hung || node == Inode.cached
    return Opening(File(self, hangs: hangs, isInMemory: node == Inode.quick), directIO: node != Inode.cached)
  }

  private final class File: OpenFile {
    private let fileSystem: WaitingFileSystem
    private let hangs: Bool
    let isInMemory: Bool

    init(_ fileSystem: WaitingFileSystem, hangs: Bool, isInMemory: Bool) {
      self.fileSystem = fileSystem
      self.hangs = hangs
      self.isInMemory = isInMemory
    }

    deinit { fileSystem.released.add(1, ordering: .relaxed) }

    func read(at offset: Int64, count: Int, reply: consuming ReadReply) {
      do throws(Refusal) {
        if hangs { try fileSystem.take(.read) }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: contents.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: contents)
        reply.send(UnsafeRawBufferPointer(rebasing: memory[min(Int(offset), contents.count)...]))
      } catch {
        reply.fail(.tryAgain)
      }
    }
  }

  func extendedAttribute(_ name: String, of node: UInt64) throws(Refusal) -> [UInt8] {
    try take(.extendedAttribute)
    return Self.contents
  }

  func extendedAttributeNames(of node: UInt64) throws(Refusal) -> [String] {
    try take(.extendedAttributeNames)
    return ["user.name"]
  }

  func forget(_ node: UInt64, count: UInt64) { forgotten.add(count, ordering: .relaxed) }

  func statistics() -> FileSystemStatistics { FileSystemStatistics(blocks: 1, files: 1) }
}

/// Holds up whoever comes until it is opened.
final class Gate: @unchecked Sendable {
  // Unchecked: everything mutable is only touched inside the monitor.
  private let monitor = Monitor()
  private var isOpen = false
  private var held = 0

  func wait() {
    monitor.withLock {
      held += 1
      defer { held -= 1 }
      while !isOpen { monitor.wait() }
    }
  }

  func open() {
    monitor.withLock {
      isOpen = true
      monitor.broadcast()
    }
  }

  /// How many wait.
  var waiting: Int { monitor.withLock { held } }
}
