public import Access
internal import ArrayIO
internal import EXDF
internal import Glibc
internal import HDF5
public import Logging
internal import RunArrays
internal import Synchronization
internal import Threads
public import Tree

/// Which users may see and read what of a mounted run, and which owner and mode `stat` shows.
///
/// Everything is checked on behalf of the current request's caller (`Request.current`).
public final class RunAccess: TreeAccess {
  /// What a node is made from, in which of the run's trees: selections number their sources for themselves.
  private struct Place: Hashable {
    var tree: Int
    var scope: FileScope
  }

  private struct Shown {
    var modes: RunModes
    var known: [Place: ShownMode] = [:]
  }

  private let tree: RunTree
  private let policy: Policy
  private let logger: Logger
  private let watch: ModeWatch
  /// Of the run, or the one that a run of one file lies in.
  private let directories: [(path: String, identity: AccessTarget.Identity?)]
  private let identities: [String: AccessTarget.Identity]
  private let targets = Mutex<[Place: [AccessTarget]]>([:])
  private let shown: Mutex<Shown>
  private let hasClosed = Atomic(false)

  /// For so many seconds a name that one user has looked up is shown to all, unless all may read the run.
  private static let shortCaching = 1.0
  /// So much is remembered: a run has one place for each source, detector and directory of sources, and selections have some more.
  private static let mostPlaces = 1 << 16
  private static let longCaching = 86_400.0

  /// - Throws: ``MountRefusal`` where others are to be let into a run that is not open to all users, and cannot be checked one by one.
  public init(_ tree: RunTree, _ policy: Policy, _ logger: Logger) throws(MountRefusal) {
    self.tree = tree
    self.policy = policy
    self.logger = logger
    let run = tree.run
    // Of a union there are several.
    let parents = tree.files(in: .directory).map(Self.directory(of:))
    let own = run.isDirectory ? run.path : Self.directory(of: run.path)
    directories = ([own] + Set(parents).subtracting([own]).sorted()).map { path in
      (path: path, identity: AccessTarget.Identity(ofFileAt: path))
    }
    let known = run.files.map { ($0.reference.path, AccessTarget.Identity($0.reference.identity)) }
    identities = Dictionary(known) { first, _ in first }
    watch = ModeWatch(directory: own, files: tree.files(in: .directory))
    shown = Mutex(Shown(modes: watch.latest))
    if case .whileOpenToAll = policy, let obstacle = watch.latest.obstacle {
      throw MountRefusal(
        "allow_other is only possible for a run that is open to all users, unless root mounts it: \(obstacle)")
    }
  }

  private static func directory(of path: String) -> String {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// For how long the kernel may show a name and its attributes to all users, in seconds.
  public func cacheSeconds(of node: Node) -> Double {
    if case .oneUser = policy { return Self.longCaching }
    return watch.latest.isOpenToAll ? Self.longCaching : Self.shortCaching
  }

  /// Owner, group and mode of a node.
  public func shownMode(of node: Node) -> ShownMode {
    let tree = tree(of: node)
    // Names alone are shown as the whole run is.
    let place = Place(tree: tree.serial, scope: node.scope == .names ? .run : node.scope)
    let latest = watch.latest
    let known = shown.withLock { shown -> ShownMode? in
      if shown.modes !== latest { shown = Shown(modes: latest) }
      return shown.known[place]
    }
    if let known { return known }
    let mode = latest.shown(of: tree.files(in: place.scope))
    shown.withLock { shown in
      guard shown.modes === latest else { return }
      if shown.known.count >= Self.mostPlaces { shown.known = [:] }
      shown.known[place] = mode
    }
    return mode
  }

  /// Checks that the caller may read what a node is made from.
  /// - Throws: ``AccessError``.
  public func checkReading(_ node: Node) throws(AccessError) { try check(node, node.scope, as: .enter) }

  /// Checks that the caller may read the names in a directory.
  public func checkListing(_ node: Node) throws(AccessError) {
    try check(node, node.scope, as: node.isFilesDirectory ? .list : .enter)
  }

  /// Checks that the caller may use names in a directory, or see the attributes of a node.
  public func checkPassing(_ node: Node) throws(AccessError) {
    try check(node, node.scope.toPass, as: .enter)
  }

  /// Whether other users get in.
  public var letsOthersIn: Bool {
    if case .oneUser = policy { return false }
    return true
  }

  /// Whether other users get in, and the files behind a node have led to other files: known once these have been opened for whatever is
  /// made of the node.
  public func hasLinkedFiles(_ node: Node) -> Bool {
    letsOthersIn && !linkedFiles(of: tree(of: node), node.scope).isEmpty
  }

  /// Checks that the caller may read the files that the files behind a node have led to.
  public func checkLinkedFiles(_ node: Node) throws(AccessError) {
    try checkLinkedFiles(of: tree(of: node), node.scope)
  }

  /// The run's own tree, or that of a selection in it.
  private func tree(of node: Node) -> RunTree { node.object.tree ?? tree }

  private func check(_ node: Node, _ scope: FileScope, as use: AccessTarget.Use) throws(AccessError) {
    let tree = tree(of: node)
    switch policy {
    case .oneUser: return
    case .asCaller(let check):
      // For what is shown, and for how long the kernel may show it; the check itself does not depend on it.
      if Request.current.mayWait { _ = try watch.current() }
      try check.check(directories.map { AccessTarget($0.path, for: use, identity: $0.identity) })
      try check.check(targets(of: tree, scope))
    case .whileOpenToAll:
      guard try !isOwnUser(), let obstacle = try watch.current().obstacle else { break }
      if !hasClosed.exchange(true, ordering: .relaxed) {
        logger.warning("other users are not let in any more: \(obstacle)")
      }
      throw .denied(path: tree.run.path, user: Request.current.caller?.user ?? .max)
    }
    try checkLinkedFiles(of: tree, scope)
  }

  private func linkedFiles(of tree: RunTree, _ scope: FileScope) -> Set<FileReference> {
    tree.arrays.store.files.linkedFiles(of: tree.files(in: scope))
  }

  private func checkLinkedFiles(of tree: RunTree, _ scope: FileScope) throws(AccessError) {
    let files = linkedFiles(of: tree, scope)
    guard !files.isEmpty else { return }
    switch policy {
    case .oneUser: return
    case .asCaller(let check):
      try check.check(files.map { AccessTarget($0.path, for: .read, identity: AccessTarget.Identity($0.identity)) })
    case .whileOpenToAll(let check):
      guard try !isOwnUser() else { return }
      guard Request.current.mayWait else { throw .mustWait }
      for file in files
      where check.obstacle(toReading: file.path, identity: AccessTarget.Identity(file.identity)) != nil {
        throw .denied(path: file.path, user: Request.current.caller?.user ?? .max)
      }
    }
  }

  /// Whether the caller is the user of this process.
  /// - Throws: ``AccessError/noRights(user:reason:)`` where it is not known.
  private func isOwnUser() throws(AccessError) -> Bool {
    guard let caller = Request.current.caller else {
      throw .noRights(user: .max, reason: "the caller of this request is not known")
    }
    return caller.user == geteuid()
  }

  private func targets(of tree: RunTree, _ scope: FileScope) -> [AccessTarget] {
    let place = Place(tree: tree.serial, scope: scope)
    if let known = targets.withLock({ $0[place] }) { return known }
    // One per source, detector and directory of sources at most.
    let made = tree.files(in: scope).map { AccessTarget($0, for: .read, identity: identities[$0]) }
    targets.withLock { targets in
      if targets.count >= Self.mostPlaces { targets = [:] }
      targets[place] = made
    }
    return made
  }
}
