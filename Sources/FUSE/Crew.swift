import Glibc
import Synchronization

/// The workers of one session.
final class Crew: Sendable {
  private let workers = Mutex<[Worker]>([])
  private let finished = Atomic(0)
  private let wake: EventCounter

  /// Each worker adds to `wake` when it ends.
  init(wake: EventCounter) { self.wake = wake }

  /// Starts one more worker.
  func add(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    let worker = try Worker.start { [self] in
      body()
      finished.add(1, ordering: .releasing)
      wake.add()
    }
    workers.withLock { $0.append(worker) }
  }

  /// Gets the workers of a session that has exited out of their reads and joins them. False if one has not come in time: all that
  /// are left then go on by themselves.
  func disband(afterMilliseconds limit: Int) -> Bool {
    let workers = workers.withLock { $0 }
    for _ in 0..<limit {
      guard finished.load(ordering: .acquiring) < workers.count else { break }
      // Again and again: the signal may come between a worker's look at the exit flag and its read.
      for worker in workers { pthread_kill(worker.thread, Signals.wake) }
      usleep(1000)
    }
    guard finished.load(ordering: .acquiring) == workers.count else {
      for worker in workers { pthread_detach(worker.thread) }
      return false
    }
    for worker in workers { pthread_join(worker.thread, nil) }
    return true
  }
}
