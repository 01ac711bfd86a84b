internal import CFuse
import Glibc

/// A process that clears a mount away when its daemon dies without having unmounted: what `auto_unmount` promises. libfuse's own
/// helper does nothing for an ordinary user up to 3.14, because it may not look at the dead mount (libfuse issue 586).
///
/// It waits at a pipe that only the daemon holds, and closes with it. What it unmounts then is that daemon's mount or nothing.
public final class MountWatcher: Sendable {
  private let pipe: Descriptor

  /// What the watcher is called by `ps` and `pkill`: a signal to all that is called xfelfs is not for it.
  private static let name = "auto_unmount"
  /// How often it looks whether a dead daemon's mount is dead as well, every 50 ms.
  private static let mostLooks = 100

  /// Starts the process. To be called before this process has any other thread: of those a child would have only the locks they hold.
  ///
  /// - Throws: `Errno` if the system cannot fork.
  public static func start() throws(Errno) -> MountWatcher {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw .current }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = cfuse_fork()
    guard child >= 0 else {
      let failure = Errno.current
      for end in ends { close(end) }
      throw failure
    }
    if child == 0 {
      // The child of a child, so that it is not ours to wait for.
      if cfuse_fork() == 0 { wait(at: ends[0]) }
      _exit(0)
    }
    close(ends[0])
    while waitpid(child, nil, 0) < 0, errno == EINTR {}
    return MountWatcher(pipe: try Descriptor(ends[1]))
  }

  private init(pipe: consuming Descriptor) { self.pipe = pipe }

  /// Tells the watcher which mount is this process's. Once: a daemon has one.
  func watch(_ mount: MountEntry) {
    let line = "\(mount.id) \(mount.device)"
    // The watcher may have been killed.
    Signals.whileBlocked { _ = write(pipe.number, line, line.utf8.count) }
  }

  // MARK: - In the watcher

  private static func wait(at pipe: Int32) {
    Daemon.leaveCaller(keeping: [pipe])
    // What ends the daemon, a signal to the whole group say, must not end the watcher with it.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    Daemon.silence()
    SystemFile.write(name, to: "/proc/self/comm")
    guard let words = SystemFile.read(from: pipe)?.split(separator: " "), words.count == 2, let id = Int(words[0])
    else { return }
    for _ in 0..<mostLooks {
      // By its own numbers. Both may be another mount's by now, if this one has been unmounted; but that one is not dead.
      let table = try? MountTable.current()
      guard let table, let mount = table.entries.first(where: { $0.id == id && $0.device == words[1] }) else { return }
      if MountPoint.isDead(mount.mountPoint) {
        // What is mounted over it is not ours to take away.
        if table.mount(at: mount.mountPoint) == mount { try? MountPoint.release(mount.mountPoint, lazy: true) }
        return
      }
      // The kernel closes the files of a dead process one after the other.
      usleep(50_000)
    }
  }
}
