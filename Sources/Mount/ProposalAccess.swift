public import Access
internal import EXDF
internal import Glibc
public import Logging
internal import Synchronization
internal import Threads
public import Tree

/// Which users may see and read what of a mounted proposal: of its directories what they may list, and of each run what ``RunAccess`` says.
public final class ProposalAccess: TreeAccess {
  private let policy: RunAccess.Policy
  private let logger: Logger
  private let runs = Mutex<[ObjectIdentifier: RunAccess]>([:])

  /// How long the kernel may show what stands above the runs, in seconds: runs come while it is mounted.
  private static let shortCaching = 1.0

  /// - Throws: ``MountRefusal`` where others are to be let in by an ordinary user's daemon: it would have to look at all runs, again and again.
  public init(_ policy: RunAccess.Policy, _ logger: Logger) throws(MountRefusal) {
    if case .whileOpenToAll = policy {
      throw MountRefusal("allow_other is only possible for a proposal if root mounts it: mount single runs instead")
    }
    self.policy = policy
    self.logger = logger
  }

  /// Begins to guard a run that has been opened.
  public func admit(_ tree: RunTree) throws(MountRefusal) {
    let access = try RunAccess(tree, policy, logger)
    runs.withLock { $0[ObjectIdentifier(tree)] = access }
  }

  /// Forgets a run that has been closed.
  public func dismiss(_ tree: RunTree) { runs.withLock { $0[ObjectIdentifier(tree)] = nil } }

  /// nil above the runs.
  private func access(of node: Node) throws(AccessError) -> RunAccess? {
    guard let tree = node.object.tree else { return nil }
    guard let access = runs.withLock({ $0[ObjectIdentifier(tree.whole)] }) else {
      // It was closed a moment ago.
      throw .failed(path: tree.run.path, errno: ESTALE)
    }
    return access
  }

  public func cacheSeconds(of node: Node) -> Double {
    (try? access(of: node))?.cacheSeconds(of: node) ?? Self.shortCaching
  }

  public func shownMode(of node: Node) -> ShownMode {
    if let access = try? access(of: node) { return access.shownMode(of: node) }
    let status = (node.object as? any ProposalObject)?.status(at: node.position)
    let mode = status.map { status in
      // A directory that may be listed and entered.
      let bits = status.permissions
      return FileMode(permissions: bits & 0o444 & (bits & 0o111) << 2, owner: status.owner, group: status.group)
    }
    return ShownMode(of: [mode ?? FileMode(permissions: 0o444, owner: getuid(), group: getgid())], in: [])
  }

  public func checkReading(_ node: Node) throws(AccessError) {
    if let access = try access(of: node) { return try access.checkReading(node) }
    try check(node, as: .list)
  }

  public func checkListing(_ node: Node) throws(AccessError) {
    if let access = try access(of: node) { return try access.checkListing(node) }
    try check(node, as: .list)
  }

  public func checkPassing(_ node: Node) throws(AccessError) {
    if let access = try access(of: node) { return try access.checkPassing(node) }
    // The attributes of a file say no more than its name.
    guard node.kind == .directory else { return }
    try check(node, as: .enter)
  }

  private func check(_ node: Node, as use: AccessTarget.Use) throws(AccessError) {
    guard case .asCaller(let check) = policy, let object = node.object as? any ProposalObject else { return }
    let directories: [String]
    do throws(TreeError) {
      directories = try object.directories(at: node.position)
    } catch {
      if case .mustWait = error { throw .mustWait }
      throw .failed(path: "\(error)", errno: EIO)
    }
    // What is made of all runs needs the right to list each of them.
    try check.check(directories.map { AccessTarget($0, for: use) })
  }

  public var letsOthersIn: Bool {
    if case .oneUser = policy { return false }
    return true
  }

  public func hasLinkedFiles(_ node: Node) -> Bool { (try? access(of: node))?.hasLinkedFiles(node) ?? false }

  public func checkLinkedFiles(_ node: Node) throws(AccessError) {
    if let access = try access(of: node) { try access.checkLinkedFiles(node) }
  }
}
