internal import CFuse
import Glibc
import Synchronization

/// One mount of a file system, from the mount to its end. Several may live in one process.
public final class Session: Sendable {
  /// How serving ended.
  public enum Outcome: Sendable, Hashable {
    /// The mount is gone and every worker has come home.
    case finished
    /// A thread did not come back from the file system in time, as it may never do from a store that hangs. The process should exit
    /// without waiting, by `_exit`.
    case abandoned
  }

  /// The version of libfuse that is linked, for example `3.14.0`.
  public static var libraryVersion: String { fuse_pkgversion().map { String(cString: $0) } ?? "?" }

  /// The absolute path of the mount point.
  public var mountPoint: String { mount.mountPoint }

  private let mount: MountEntry
  private let watcher: MountWatcher?
  private let wake: EventCounter
  private let connection: Mutex<Connection?>
  private let isServing = Atomic(false)

  /// Mounts `fileSystem` at `mountPoint`. Nothing is answered before `serve`, so nobody should look into it until then.
  ///
  /// - Parameter watcher: clears the mount away if this process dies; it is kept as long as the session.
  ///
  /// Throws a sentence if the options contradict each other or the system does not let us mount.
  public init(
    _ fileSystem: any FileSystem, mountPoint: String, options: MountOptions = MountOptions(),
    watcher: MountWatcher? = nil
  ) throws(MountError) {
    try options.check()
    let connection = try Connection(fileSystem, options: options)
    let place: String
    do throws(Errno) {
      // As the table will show it, without touching what waits in an automount.
      place = try MountTable.current().find(mountPoint).path
      wake = try EventCounter()
    } catch {
      throw MountError("cannot mount at \(mountPoint): \(error)")
    }
    let (result, log) = LibraryLog.capture { fuse_session_mount(connection.session, place) }
    guard result == 0 else { throw MountError("cannot mount at \(mountPoint): \(log)") }
    // Remembered by its numbers in the table: by the time we unmount, another mount may lie at the path.
    guard let mount = (try? MountTable.current())?.mount(at: place), mount.type == Naming.fileSystemType else {
      try? MountPoint.release(place, lazy: true)
      throw MountError("the mount at \(mountPoint) is not in /proc/self/mountinfo")
    }
    self.mount = mount
    self.watcher = watcher
    watcher?.watch(mount)
    InitAnswer.install(connection)
    self.connection = Mutex(connection)
  }

  deinit {
    if !isServing.load(ordering: .relaxed) { try? detach() }
  }

  /// Whether files opened with direct I/O can be mapped into memory; known when `onReady` is called, false after the end.
  public var mapsDirectIO: Bool {
    connection.withLock { $0?.mapsDirectIO.load(ordering: .acquiring) ?? false }
  }

  /// Has the kernel forget a name in a directory, and whatever below it is not in use. Not to be called by a thread that answers the
  /// kernel: the kernel may hold the directory's lock, and wait for that thread.
  ///
  /// Does nothing where the kernel does not know the name, and after the end of the mount.
  public func forget(_ name: String, in directory: UInt64) {
    guard let connection = connection.withLock({ $0 }) else { return }
    _ = fuse_lowlevel_notify_inval_entry(connection.session, fuse_ino_t(directory), name, name.utf8.count)
  }

  /// Takes the mount out of sight. Open files go on working; `serve` returns when the last user is gone.
  ///
  /// Does nothing if the mount is gone already; throws if another mount lies on top of it, or if the system refuses.
  public func detach() throws(MountError) {
    guard let table = try? MountTable.current(), let mount = table.entries.first(where: mount.isSame(as:)) else {
      return
    }
    let place = mount.mountPoint
    // While the kernel has our connection the numbers are ours. After that the next mount may have got both of them; but that one
    // is not dead, as ours is if only its connection was cut. And one that has died since lies elsewhere: where ours was moved to and has
    // died, too, it stays.
    let isConnected = connection.withLock { $0 }?.isConnected ?? false
    guard isConnected || (place == self.mount.mountPoint && MountPoint.isDead(place)) else { return }
    guard table.mount(at: place) == mount else {
      throw MountError("cannot unmount \(place): something else is mounted on top of it")
    }
    do throws(Errno) {
      try MountPoint.release(place, lazy: true)
    } catch {
      throw MountError("cannot unmount \(place): \(error)")
    }
  }

  /// Ends the mount at once: it is detached, and `serve` returns as soon as the workers have finished what they are at. Whoever
  /// still has files open gets ENOTCONN from then on.
  public func stop() {
    connection.withLock { connection in
      if let connection { fuse_session_exit(connection.session) }
    }
    try? detach()
    wake.add()
  }

  /// Serves with as many worker threads, and returns when the mount has ended: by `umount`, `detach` or `stop`. Once only.
  ///
  /// - Parameters:
  ///   - handlingSignals: TERM, INT and HUP detach the mount, a second one stops it. Needs `Signals.prepareToServe()` before
  ///     any other thread was started. Only for one session of a process.
  ///   - onReady: called from a worker when the kernel has been answered, which is when the mount works.
  ///   - onTelling: called on USR1, where signals are handled.
  public func serve(
    threads: Int, handlingSignals: Bool = false, onReady: @escaping @Sendable () -> Void = {},
    onTelling: () -> Void = {}
  ) throws(MountError) -> Outcome {
    guard !isServing.exchange(true, ordering: .relaxed), let connection = connection.withLock({ $0 }) else {
      throw MountError("the session at \(mountPoint) has been served already")
    }
    defer {
      try? detach()
      // Lets go of libfuse's session, unless a reply is still out.
      self.connection.withLock { $0 = nil }
    }
    let outcome: Outcome
    connection.reads.prepare(threads: max(threads, 1))
    do throws(Errno) {
      _ = Signals.makeWakeHarmless
      outcome = try Signals.whileBlocked { () throws(Errno) in
        let crew = Crew(wake: wake)
        do throws(Errno) {
          for _ in 0..<max(threads, 1) { try start(connection, crew, onReady) }
        } catch {
          fuse_session_exit(connection.session)
          _ = crew.disband(afterMilliseconds: Self.patience)
          throw error
        }
        return handlingSignals
          ? try supervise(connection, crew, signals: Signals.endingDescriptor(), onTelling)
          : supervise(connection, crew, signals: nil, onTelling)
      }
    } catch {
      throw MountError("cannot serve \(mountPoint): \(error)")
    }
    guard connection.isInitialized.load(ordering: .acquiring) || outcome == .abandoned else {
      throw MountError("the mount at \(mountPoint) ended before the kernel had greeted it")
    }
    return outcome
  }

  private func start(
    _ connection: Connection, _ crew: Crew, _ onReady: @escaping @Sendable () -> Void
  ) throws(Errno) {
    let device = mount.device
    try crew.add {
      Worker.serve(connection) {
        // Not before INIT: the kernel sets its own value when it gets our answer.
        if geteuid() == 0 {
          let path = "/sys/class/bdi/\(device)/read_ahead_kb"
          SystemFile.write("\(connection.options.readAheadKilobytes)", to: path)
        }
        onReady()
      }
    }
  }

  /// Waits for workers and signals until the workers have come home.
  private func supervise(
    _ connection: Connection, _ crew: Crew, signals: consuming Descriptor?, _ onTelling: () -> Void
  ) -> Outcome {
    var received = 0
    while fuse_session_exited(connection.session) == 0 {
      var waits = [pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0)]
      if let descriptor = signals?.number {
        waits.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
      }
      guard poll(&waits, nfds_t(waits.count), -1) > 0 else { continue }
      guard waits.count > 1, waits[1].revents != 0 else {
        // A worker ended or `stop` was called; the loop's condition says whether that is the end.
        wake.clear()
        continue
      }
      var information = signalfd_siginfo()
      guard read(waits[1].fd, &information, MemoryLayout<signalfd_siginfo>.size) > 0 else { continue }
      guard information.ssi_signo != UInt32(Signals.telling) else {
        onTelling()
        continue
      }
      received += 1
      if received > 1 || (try? detach()) == nil { stop() }
    }
    guard crew.disband(afterMilliseconds: Self.patience) else { return .abandoned }
    for _ in 0..<Self.patience {
      if connection.underway.load(ordering: .acquiring) == 0 { return .finished }
      usleep(1000)
    }
    return .abandoned
  }

  /// How long threads have, from the end of the mount, to come back from the file system, in milliseconds.
  private static let patience = 2000
}
