internal import Access
public import HDF5
internal import Synchronization

/// Whether the caller of the current request may read a file that has been opened: one that a file of the run leads to, by an external
/// link or as the source of a virtual dataset. The run's own are checked where something made from them is opened (``RunAccess``).
public final class LinkedFileRights: Sendable {
  private let own = Mutex<Set<FileReference>>([])
  private let policy: RunAccess.Policy

  public init(_ policy: RunAccess.Policy) { self.policy = policy }

  /// For the opener of files; nil where every reader has the rights of this process.
  public var check: RightsCheck? {
    if case .oneUser = policy { return nil }
    return { self.obstacle(to: $0) }
  }

  /// Says which files are the run's own. Until then the request has no caller.
  public func exempt(_ files: some Sequence<FileReference>) { own.withLock { $0.formUnion(files) } }

  private func obstacle(to file: FileReference) -> String? {
    guard !own.withLock({ $0.contains(file) }) else { return nil }
    let identity = AccessTarget.Identity(file.identity)
    return switch policy {
    case .oneUser: nil
    case .asCaller(let check): check.obstacle(toReading: file.path, identity: identity)
    case .whileOpenToAll(let check): check.obstacle(toReading: file.path, identity: identity)
    }
  }
}

extension AccessTarget.Identity {
  init(_ identity: FileIdentity) { self.init(device: identity.device, inode: identity.inode) }
}
