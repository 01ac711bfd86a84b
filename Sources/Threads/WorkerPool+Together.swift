internal import Synchronization

extension WorkerPool {
  /// Runs `body` for each of `0..<count`, on this thread and on those of the pool that are free; returns when all have run.
  ///
  /// This thread takes its share, so nothing hangs when the pool is busy, even with callers of this.
  public func together(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let share = Share(count, body)
    for _ in 1..<max(1, min(count, mostThreads)) { submit(share.work) }
    share.work()
    share.wait()
  }

  /// Numbers to be worked through. A thread that comes late finds none left.
  private final class Share: Sendable {
    private let count: Int
    private let body: @Sendable (Int) -> Void
    private let next = Atomic(0)
    private let done = Atomic(0)
    private let monitor = Monitor()

    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.count = count
      self.body = body
    }

    func work() {
      while true {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < count else { return }
        body(number)
        if done.add(1, ordering: .acquiringAndReleasing).newValue == count { monitor.withLock { monitor.broadcast() } }
      }
    }

    func wait() {
      monitor.withLock { while done.load(ordering: .acquiring) < count { monitor.wait() } }
    }
  }
}
