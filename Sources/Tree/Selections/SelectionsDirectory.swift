internal import EXDF
internal import Glibc
internal import HDF5
internal import Reports
internal import Synchronization
internal import Threads

/// `select/` and `aligned/`: a name that is not listed opens as the tree of what it selects.
final class SelectionsDirectory: DirectoryObject, RunObject {
  enum Kind: String {
    /// What is named.
    case select
    /// The same, of the trains in which all of it has data.
    case aligned
  }

  let identity: ObjectIdentity
  let owner: RunTree
  private let kind: Kind

  init(_ identity: ObjectIdentity, _ tree: RunTree, _ kind: Kind) {
    self.identity = identity
    owner = tree
    self.kind = kind
  }

  func scope(at position: Int) -> FileScope { .names }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) -> Children {
    let readMe = owner.object(kind.rawValue + "/README.txt") { SelectionsReadMe($0, owner) }
    return .list([Child("README.txt", Node(readMe))])
  }

  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    try owner.selection(named: name, kind)?.root
  }
}

/// `README.txt` in `select/` and `aligned/`: what the names mean, with patterns from the run at hand.
final class SelectionsReadMe: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .run }

  func content(at position: Int) -> Content {
    let run = owner.run
    return owner.generated.cheap { () throws(ReadError) in SelectionReports.readMe(for: run) }
  }
}

/// The trees of selections of a run: each is opened when its name is looked up, and closed when the kernel has forgotten it.
final class SelectionTrees: Sendable {
  private let trees = Mutex<[String: RunTree]>([:])

  /// A selection that nobody uses is kept for so many seconds: the kernel forgets names when it likes.
  private static let keptSeconds = 60
  /// More selections than these that nobody uses are not kept.
  private static let mostUnused = 64
  /// More than these are not open at a time: each takes memory, and whoever may look names up can think of many.
  static let most = 1024

  func tree(named place: String, _ make: () throws(TreeError) -> RunTree) throws(TreeError) -> RunTree {
    if let known = trees.withLock({ $0[place] }) {
      known.touch()
      return known
    }
    let made = try make()
    closeForgotten()
    let kept = trees.withLock { trees -> RunTree? in
      // Of two that were made at the same time one counts: nodes are compared by their objects.
      if let known = trees[place] { return known }
      guard trees.count < Self.most else { return nil }
      trees[place] = made
      return made
    }
    guard let kept else { throw TreeError(.system(file: place, errno: EMFILE)) }
    return kept
  }

  /// All that are open, and those that are open in them.
  var all: [RunTree] { trees.withLock { Array($0.values) }.flatMap { [$0] + $0.selections.all } }

  /// Closes those that the kernel has forgotten.
  func closeForgotten() {
    let now = MonotonicClock.seconds
    let closed = trees.withLock { trees -> [RunTree] in
      let unused = trees.filter { $0.value.uses.load(ordering: .acquiring) <= 0 }
      let seconds = unused.count > Self.mostUnused ? 1 : Self.keptSeconds
      let old = unused.filter { now - $0.value.lastUse.load(ordering: .relaxed) > seconds }
      for place in old.keys { trees[place] = nil }
      return Array(old.values)
    }
    for tree in closed { tree.close() }
  }

  /// Those that have not been asked for anything for some seconds: `select/NAME`.
  func unused(for seconds: Int) -> [String] {
    let now = MonotonicClock.seconds
    return trees.withLock { $0 }.filter { now - $0.value.lastUse.load(ordering: .relaxed) >= seconds }.map(\.key)
  }

  func closeAll() {
    let all = trees.withLock { trees -> [RunTree] in
      defer { trees = [:] }
      return Array(trees.values)
    }
    for tree in all { tree.close() }
  }
}

extension RunTree {
  /// Closes the selections that the kernel has forgotten.
  ///
  /// - Returns: those that it still knows and that have not been asked for anything lately: the directory that each is in, and its name
  ///   there.
  public func sweepSelections() -> [(directory: Node, name: String)] {
    let open = selections.all
    guard !open.isEmpty else { return [] }
    for tree in [self] + open { tree.selections.closeForgotten() }
    let seconds = open.count > Self.manySelections ? Self.keptOfMany : Self.keptOfFew
    return ([self] + open).flatMap { tree in
      tree.selections.unused(for: seconds).compactMap { place in
        let parts = place.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let kind = SelectionsDirectory.Kind(rawValue: parts[0]) else { return nil }
        return (tree.selections(kind), parts[1])
      }
    }
  }

  private static let manySelections = 128
  /// How long a selection is left to the kernel that nobody uses, in seconds: a script may go through thousands.
  private static let keptOfMany = 2
  private static let keptOfFew = 300

  func selections(_ kind: SelectionsDirectory.Kind) -> Node {
    Node(object(kind.rawValue) { SelectionsDirectory($0, self, kind) })
  }

  /// The tree of a selection; nil where the name is none.
  /// - Throws: ``TreeError/notFound(reason:)`` where it does not parse, or matches nothing.
  fileprivate func selection(named name: String, _ kind: SelectionsDirectory.Kind) throws(TreeError) -> RunTree? {
    let place = "\(kind.rawValue)/\(name)"
    return try selections.tree(named: place) { () throws(TreeError) in
      guard Request.current.mayWait else { throw .mustWait }
      do throws(SelectionError) {
        var selection = try Selection(name: name)
        if kind == .aligned { selection.requirement = .all }
        return part(try run.selecting(selection), at: place)
      } catch {
        if case .read(let error) = error { throw TreeError(error) }
        throw .notFound(reason: "\(place): \(error)")
      }
    }
  }
}
