internal import CFuse
import Glibc
import Synchronization

/// A directory that something can be mounted on.
public struct MountPoint: Sendable, Hashable {
  /// The absolute path without symbolic links.
  public let path: String
  /// What the user should know but what does not keep from mounting: that the directory is not empty. One sentence.
  public let warning: String?

  /// Looks whether `path` can be mounted on; if not, throws a sentence that says what to do.
  ///
  /// A mount of type autofs is what an automount is waiting in: it is allowed, and not looked into, as that would trigger it.
  public static func check(_ path: String) throws(MountError) -> MountPoint {
    let resolved: String
    let mount: MountEntry?
    do throws(Errno) {
      (resolved, mount) = try MountTable.current().find(path)
    } catch {
      throw refusal(error, path)
    }
    if let mount, mount.type != "autofs" { throw refusal(mount) }
    var status = stat()
    guard stat(resolved, &status) == 0 else { throw refusal(.current, path) }
    guard status.st_mode & Glibc.S_IFMT == Glibc.S_IFDIR else { throw refusal(.notADirectory, path) }
    return MountPoint(path: resolved, warning: mount == nil ? warning(resolved) : nil)
  }

  private static func refusal(_ error: Errno, _ path: String) -> MountError {
    switch error {
    case .noSuchFileOrDirectory: MountError("mount point \(path) does not exist: make it with mkdir -p \(path)")
    case .notADirectory: MountError("mount point \(path) is not a directory")
    case .notConnected:
      MountError("mount point \(path) lies in a mount whose daemon is gone (\(error)): unmount that first")
    default: MountError("cannot use \(path) as mount point: \(error)")
    }
  }

  private static func refusal(_ mount: MountEntry) -> MountError {
    let path = mount.mountPoint
    let isOurs = mount.type == Naming.fileSystemType
    guard !isDead(path) else {
      let command = isOurs ? "\(Naming.unmountCommand) \(path)" : "fusermount3 -u -z \(path)"
      return MountError("a mount at \(path) has lost its daemon (\(Errno.notConnected)): \(command) clears it")
    }
    return isOurs
      ? MountError(
        "\(mount.source) is already mounted at \(path): unmount it with \(Naming.unmountCommand) \(path), "
          + "or choose another directory")
      : MountError("\(path) is already the mount point of \(mount.source) (\(mount.type)): choose another directory")
  }

  /// How long a daemon has to answer before it is taken for a busy one.
  private static let patience: Int32 = 1000

  /// Whether the daemon of the FUSE mount at `path` is gone. One that does not answer is not.
  static func isDead(_ path: String) -> Bool {
    final class Answer: Sendable { let isDead = Atomic(false) }
    let answer = Answer()
    guard let hasCome = try? EventCounter() else { return false }
    // On a thread of its own, which a daemon that hangs may keep.
    let asker = try? Worker.start {
      // `stat` may be answered by the kernel alone, with what it has heard before; this never is.
      var status = statvfs()
      if statvfs(path, &status) != 0, errno == ENOTCONN || errno == ECONNABORTED {
        answer.isDead.store(true, ordering: .releasing)
      }
      hasCome.add()
    }
    guard let asker else { return false }
    pthread_detach(asker.thread)
    var wait = pollfd(fd: hasCome.number, events: Int16(POLLIN), revents: 0)
    while poll(&wait, 1, patience) < 0, errno == EINTR {}
    return answer.isDead.load(ordering: .acquiring)
  }

  private static func warning(_ path: String) -> String? {
    guard let names = SystemFile.names(in: path), !names.isEmpty else { return nil }
    return "\(path) is not empty: what it holds is out of sight until the unmount"
  }
}
