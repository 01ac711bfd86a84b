public import EXDF
internal import Synchronization

/// A run as it is now: a tree for each state that its files have been in.
///
/// Trees do not change. A new one takes the place of the former when a file has come or has changed; that stays until the kernel has
/// forgotten it, so that what was open stays as it was.
public final class LiveRun: Sendable {
  /// Opens the run anew if its files have changed since the tree was grown; else says nil.
  public typealias Reopener = @Sendable (_ current: RunTree) throws(EXDFError) -> RunTree?

  private struct State {
    var current: RunTree
    /// Former trees, of which the kernel may still know something.
    var retired: [RunTree] = []
  }
  private let state: Mutex<State>
  private let reopen: Reopener

  /// A former tree is kept for so many seconds after its last use: a request may still be at it.
  private static let keptSeconds = 5

  public init(_ tree: RunTree, reopen: @escaping Reopener) {
    state = Mutex(State(current: tree))
    self.reopen = reopen
  }

  /// The tree of the run as it was at the last look.
  public var current: RunTree { state.withLock { $0.current } }

  /// Looks whether the run has changed. May wait; to be called by one thread at a time.
  ///
  /// - Returns: whether a new tree has taken the place of the former.
  /// - Throws: ``EXDFError`` where the run cannot be read now; the former tree stays.
  public func refresh() throws(EXDFError) -> Bool {
    guard let tree = try reopen(current) else { return false }
    state.withLock { state in
      state.retired.append(state.current)
      state.current = tree
    }
    return true
  }

  /// Closes the former trees that the kernel has forgotten.
  /// - Returns: those that were closed.
  public func closeRetired() -> [RunTree] {
    let now = MonotonicClock.seconds
    let closed = state.withLock { state -> [RunTree] in
      func isForgotten(_ tree: RunTree) -> Bool {
        tree.uses.load(ordering: .acquiring) <= 0
          && now - tree.lastUse.load(ordering: .relaxed) >= Self.keptSeconds
      }
      defer { state.retired.removeAll(where: isForgotten) }
      return state.retired.filter(isForgotten)
    }
    for tree in closed { tree.close() }
    return closed
  }

  /// All trees that the kernel may know something of.
  public var trees: [RunTree] { state.withLock { [$0.current] + $0.retired } }

  /// Whether the kernel has forgotten all of it, and nobody has asked for it within some seconds.
  func isForgotten(unusedFor seconds: Int) -> Bool {
    let now = MonotonicClock.seconds
    return trees.allSatisfy { tree in
      tree.uses.load(ordering: .acquiring) <= 0 && now - tree.lastUse.load(ordering: .relaxed) >= seconds
    }
  }
}

/// The top of a mounted run: what is in it is the tree of the run as it is now.
final class LiveRunDirectory: DirectoryObject {
  let identity: ObjectIdentity
  private let run: LiveRun

  var tree: RunTree? { run.current }

  init(_ identity: ObjectIdentity, _ run: LiveRun) {
    self.identity = identity
    self.run = run
  }

  private var directory: RunDirectory { run.current.rootDirectory }

  func scope(at position: Int) -> FileScope { .names }
  func modified(at position: Int) -> Time { directory.modified(at: 0) }
  func linkCount(at position: Int) throws(TreeError) -> Int { try directory.linkCount(at: 0) }
  func children(at position: Int) -> Children { directory.children(at: 0) }

  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    try directory.unlistedChild(named: name, at: 0)
  }

  func prepareListing(at position: Int) { directory.prepareListing(at: 0) }
}
