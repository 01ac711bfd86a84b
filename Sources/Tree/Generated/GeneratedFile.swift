internal import HDF5
internal import Threads

/// A file that is made as a whole: how, and when.
public struct GeneratedFile {
  enum Policy {
    /// Made when its size is asked for: takes a bounded time, and few files. The size is kept for good, the text for a while.
    case cheap(@Sendable () throws(ReadError) -> [UInt8])
    /// May need any file of a run: made in the background. Its size is unknown until it is there; opening it waits, and can be interrupted.
    case background(@Sendable () throws(ReadError) -> [UInt8])
    /// Takes long, but its size is known: made when it is opened, and kept while there is room.
    case sized(Int, @Sendable () throws(ReadError) -> [UInt8])
    /// About things that change: made when it is opened, and made again when they have changed.
    case volatile(any VolatileFile)
  }
  let policy: Policy
  let store: GeneratedFiles

  /// Whether it can be another text the next time it is opened, and so must not be kept by anybody.
  var mayChange: Bool {
    if case .volatile = policy { return true }
    return false
  }

  /// In bytes; nil while it is not known.
  /// - Throws: ``TreeError``; must-wait where it has to be made, and this thread must not wait.
  func size(of node: Node) throws(TreeError) -> Int? {
    switch policy {
    case .cheap(let make):
      return try reading { () throws(ReadError) in try store.texts.size(of: node, make) }
    case .background(let make): return try store.madeText(node, make).size()
    case .sized(let size, _): return size
    case .volatile(let file): return file.latestSize ?? 0
    }
  }

  /// - Throws: ``TreeError``.
  func bytes(of node: Node) throws(TreeError) -> [UInt8] {
    switch policy {
    case .cheap(let make):
      return try reading { () throws(ReadError) in try store.texts.text(of: node, make) }
    case .background(let make): return try store.madeText(node, make).bytes()
    case .sized(_, let make): return try store.computed.bytes(of: node, make)
    case .volatile(let file):
      let request = Request.current
      // Whether it is there and still true is known only by looking at what it is about.
      guard request.mayWait else { throw .mustWait }
      guard let bytes = file.bytes(request.isInterrupted) else { throw .interrupted }
      return bytes
    }
  }

  /// Begins to make it, where that is done in the background.
  func start(_ node: Node) {
    if case .background(let make) = policy { store.madeText(node, make).start() }
  }
}

/// A file about things that change.
protocol VolatileFile: Sendable {
  /// Of what was made last, if that may still hold; never waits.
  var latestSize: Int? { get }
  /// As things are now; nil when interrupted.
  func bytes(_ isInterrupted: () -> Bool) -> [UInt8]?
}
