internal import Glibc

/// A mutex with a condition: for those who must wait until something has happened.
///
/// `Synchronization.Mutex` has no condition variable, and waiting here means blocking a thread of ours on purpose.
public final class Monitor: @unchecked Sendable {
  // Unchecked: the two pthread objects are made to be used from several threads, live at a fixed address as pthread demands,
  // and are never reassigned.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // Waits are measured against a clock that nobody sets.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` alone. Keep it short, and call nothing that blocks.
  public func withLock<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Gives the lock up until somebody broadcasts. Only inside ``withLock(_:)``; may return for no reason.
  public func wait() { pthread_cond_wait(condition, mutex) }

  /// The same, until `deadline` at the latest.
  /// - Returns: false once the deadline has passed.
  public func wait(until deadline: Deadline) -> Bool {
    var time = deadline.time
    return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
  }

  /// Wakes one of those who wait, for monitors whose waiters are all alike.
  public func signal() { pthread_cond_signal(condition) }

  /// Wakes everybody who waits.
  public func broadcast() { pthread_cond_broadcast(condition) }
}

/// A moment of the monotonic clock.
public struct Deadline: Sendable {
  let time: timespec

  /// Whether it comes before another.
  public func precedes(_ other: Deadline) -> Bool {
    (time.tv_sec, time.tv_nsec) < (other.time.tv_sec, other.time.tv_nsec)
  }

  public var hasPassed: Bool { precedes(Deadline(milliseconds: 0)) }

  /// So many milliseconds from now.
  public init(milliseconds: Int) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let nanoseconds = now.tv_nsec + (milliseconds % 1000) * 1_000_000
    time = timespec(
      tv_sec: now.tv_sec + milliseconds / 1000 + nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  }
}
