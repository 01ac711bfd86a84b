internal import Access
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import RunTree
internal import Synchronization
internal import Threads

/// Who may see and read what of a mounted run, and which owner and mode `stat` shows.
///
/// Everything is checked on behalf of the current request's caller (`Request.current`).
final class RunAccess: Sendable {
  enum Policy: Sendable {
    /// Nobody but the user who has mounted it gets in, whose rights are those of this process.
    case oneUser
    /// Others get in, and may read what they may read in the run; asked of the file system, which takes root.
    case asCaller(FileAccessCheck)
    /// Others get in for as long as all of the run is open to everybody. A daemon of an ordinary user cannot ask for more.
    case whileOpenToAll(OpenToAllCheck)

    /// Why the caller of the current request may not read a file that files of the run lead to; nil where that need not be asked.
    var linkedFiles: RightsCheck? {
      switch self {
      case .oneUser: nil
      case .asCaller(let check): { check.obstacle(toReading: $0) }
      case .whileOpenToAll(let check): { check.obstacle(toReading: $0) }
      }
    }
  }

  private struct Shown {
    var modes: RunModes
    var known: [FileScope: ShownMode] = [:]
  }

  private let tree: RunTree
  private let policy: Policy
  private let logger: Logger
  private let watch: ModeWatch
  /// Of the run, or the one that a run of one file lies in.
  private let directory: String
  private let directoryIdentity: AccessTarget.Identity?
  private let identities: [String: AccessTarget.Identity]
  private let targets = Mutex<[FileScope: [AccessTarget]]>([:])
  private let shown: Mutex<Shown>
  private let hasClosed = Atomic(false)

  /// A name that another user has looked up is shown to everybody for so long, in seconds, unless everybody may read the run.
  private static let shortCaching = 1.0
  private static let longCaching = 86_400.0

  init(_ tree: RunTree, _ policy: Policy, _ logger: Logger) {
    self.tree = tree
    self.policy = policy
    self.logger = logger
    let run = tree.run
    let slash = run.path.lastIndex(of: "/") ?? run.path.startIndex
    let above = slash == run.path.startIndex ? "/" : String(run.path[..<slash])
    directory = run.isDirectory ? run.path : above
    directoryIdentity = AccessTarget.Identity(ofFileAt: directory)
    let known = run.files.map(\.reference).map { file in
      (file.path, AccessTarget.Identity(device: file.identity.device, inode: file.identity.inode))
    }
    identities = Dictionary(known) { first, _ in first }
    watch = ModeWatch(directory: directory, files: tree.files(in: .directory))
    shown = Mutex(Shown(modes: watch.latest))
  }

  /// Why others cannot be let in, in words; nil where they can.
  var obstacleToOthers: String? {
    guard case .whileOpenToAll = policy else { return nil }
    return watch.latest.obstacle
  }

  /// For how long the kernel may show a name and its attributes to everybody, in seconds.
  var cacheSeconds: Double {
    if case .oneUser = policy { return Self.longCaching }
    return watch.latest.isOpenToAll ? Self.longCaching : Self.shortCaching
  }

  /// Owner, group and mode of a node.
  func shownMode(of node: Node) -> ShownMode {
    var scope = tree.scope(of: node)
    // Names alone belong to those who own the run.
    if scope == .names { scope = .run }
    let latest = watch.latest
    let known = shown.withLock { shown -> ShownMode? in
      if shown.modes !== latest { shown = Shown(modes: latest) }
      return shown.known[scope]
    }
    if let known { return known }
    let mode = latest.shown(of: tree.files(in: scope))
    shown.withLock { if $0.modes === latest { $0.known[scope] = mode } }
    return mode
  }

  /// Checks that the caller may read what a node is made from.
  /// - Throws: ``AccessError``.
  func checkReading(_ node: Node) throws(AccessError) { try check(tree.scope(of: node), as: .enter) }

  /// Checks that the caller may read the names in a directory.
  func checkListing(_ node: Node) throws(AccessError) {
    try check(tree.scope(of: node), as: node == .files ? .list : .enter)
  }

  /// Checks that the caller may use names in a directory, or see the attributes of a node. Those of the mount point are for everybody.
  func checkPassing(_ node: Node) throws(AccessError) {
    try check(tree.scope(toPass: node), as: .enter)
  }

  private func check(_ scope: FileScope, as use: AccessTarget.Use) throws(AccessError) {
    switch policy {
    case .oneUser: return
    case .asCaller(let check):
      // For what is shown, and for how long the kernel may show it; the check itself does not depend on it.
      if Request.current.mayWait { _ = try watch.current() }
      try check.check(CollectionOfOne(AccessTarget(directory, for: use, identity: directoryIdentity)))
      try check.check(targets(of: scope))
    case .whileOpenToAll:
      guard let caller = Request.current.caller else {
        throw .noRights(user: .max, reason: "the kernel does not say who calls")
      }
      guard caller.user != getuid(), let obstacle = try watch.current().obstacle else { return }
      if !hasClosed.exchange(true, ordering: .relaxed) {
        logger.warning("other users are not let in any more: \(obstacle)")
      }
      throw .denied(path: tree.run.path, user: caller.user)
    }
  }

  private func targets(of scope: FileScope) -> [AccessTarget] {
    if let known = targets.withLock({ $0[scope] }) { return known }
    // One per source, detector and directory of sources at most.
    let made = tree.files(in: scope).map { AccessTarget($0, for: .read, identity: identities[$0]) }
    targets.withLock { $0[scope] = made }
    return made
  }
}
