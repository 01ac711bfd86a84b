internal import Glibc
internal import Synchronization
internal import Threads

/// Whether a file is open to all users: what a process can find out that cannot take on the rights of others.
public final class OpenToAllCheck: Sendable {
  /// One for each file that has been asked for.
  private let watches = Mutex<[String: ModeWatch]>([:])
  private static let capacity = 1024

  public init() {}

  /// Why the caller of the current request may not read a file; nil where it may, where it is the user of this process, and where the
  /// request has no caller. May wait for the file system, whatever the request says.
  ///
  /// - Parameter identity: of the file that this process has opened at the path, where it has.
  public func obstacle(toReading path: String, identity: AccessTarget.Identity? = nil) -> String? {
    guard let caller = Request.current.caller, caller.user != geteuid() else { return nil }
    let modes = watch(path).currentWaiting()
    if let identity, AccessTarget.Identity(ofFileAt: path) != identity {
      return AccessError.changed(path: path).description
    }
    return modes.obstacle
  }

  private func watch(_ path: String) -> ModeWatch {
    if let known = watches.withLock({ $0[path] }) { return known }
    let watch = ModeWatch(directory: "/", files: [path])
    watches.withLock { watches in
      if watches.count >= Self.capacity { watches = [:] }
      watches[path] = watch
    }
    return watch
  }
}
