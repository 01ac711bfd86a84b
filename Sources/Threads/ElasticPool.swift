internal import Glibc
internal import Synchronization

/// Threads for work that may hang: as many as it takes for other work not to hang with it.
///
/// Up to `regular` threads are started whenever there is work and none is free. Beyond them, up to `most`, one more is started only for
/// work that has waited for `patience`: threads that are merely busy come back before that, and more of them would only share the
/// processors; threads that are stuck do not. A thread that finds nothing to do for a while ends.
public final class ElasticPool: @unchecked Sendable {
  // Unchecked: everything mutable is only touched inside the monitor.
  private let monitor = Monitor()
  private var queue: [Item] = []
  private var threads = 0
  private var idle = 0
  /// Whether there is a thread that looks after the queue.
  private var isWatched = false
  private let regular: Int
  private let most: Int
  private let mostWaiting: Int
  private let patience: Int
  private let idleTime: Int
  private let niceness: Int32

  private struct Item {
    var work: @Sendable () -> Void
    /// When it gets a thread of its own.
    var deadline: Deadline
  }

  /// - Parameters:
  ///   - regular: how many threads are started without hesitation.
  ///   - most: how many threads at most.
  ///   - waiting: how many pieces of work may wait for a thread.
  ///   - patience: for how long one waits before there are more than the regular threads, in milliseconds.
  ///   - idleTime: for how long a thread waits for work before it ends, in milliseconds.
  ///   - niceness: added to the threads' own (a Linux thread has one).
  public init(regular: Int, most: Int, waiting: Int, patience: Int, idleTime: Int = 5000, niceness: Int32 = 0) {
    self.regular = regular
    self.most = max(regular, most)
    self.mostWaiting = waiting
    self.patience = patience
    self.idleTime = idleTime
    self.niceness = niceness
  }

  private enum Place {
    case queued
    case newThread
    case none
  }

  /// Has `work` done by one of the threads.
  /// - Returns: false when there are as many threads as there may be and the queue is full, or the system has no thread to give.
  public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    let (place, mustWatch) = monitor.withLock { () -> (Place, Bool) in
      // Those who have been woken for other work are still counted as idle until they have taken it.
      if queue.count < idle {
        enqueue(work)
        monitor.signal()
        return (.queued, false)
      }
      if threads < regular {
        threads += 1
        return (.newThread, false)
      }
      guard queue.count < mostWaiting else { return (.none, false) }
      enqueue(work)
      defer { isWatched = isWatched || threads < most }
      return (.queued, !isWatched && threads < most)
    }
    if mustWatch, !Thread.start({ self.watch() }) {
      monitor.withLock { isWatched = false }
    }
    switch place {
    case .queued: return true
    case .none: return false
    case .newThread: return start(with: work) || queueWithoutThread(work)
    }
  }

  /// How many threads there are.
  public var threadCount: Int { monitor.withLock { threads } }

  /// Only inside the monitor.
  private func enqueue(_ work: @escaping @Sendable () -> Void) {
    queue.append(Item(work: work, deadline: Deadline(milliseconds: patience)))
  }

  /// Work on its way to a new thread, which would hold it for as long as it lives if it were part of what the thread runs. Whatever
  /// the work holds is to go when it is done.
  private final class Parcel: Sendable {
    private let work: Mutex<(@Sendable () -> Void)?>
    init(_ work: @escaping @Sendable () -> Void) { self.work = Mutex(work) }
    func open() -> (@Sendable () -> Void)? { work.withLock { $0.take() } }
  }

  /// Starts a thread that has been counted already.
  private func start(with work: @escaping @Sendable () -> Void) -> Bool {
    let parcel = Parcel(work)
    if Thread.start({ self.serve(parcel) }) { return true }
    monitor.withLock { threads -= 1 }
    return false
  }

  /// The system has no thread to give: one of those that are there takes the work when it comes back.
  private func queueWithoutThread(_ work: @escaping @Sendable () -> Void) -> Bool {
    monitor.withLock {
      guard threads > 0, queue.count < mostWaiting else { return false }
      enqueue(work)
      monitor.signal()
      return true
    }
  }

  /// Glibc has the constant as an enum, and the calls take an integer.
  private static let process = __priority_which_t(PRIO_PROCESS.rawValue)

  private func serve(_ first: Parcel) {
    if niceness != 0 { _ = setpriority(Self.process, 0, getpriority(Self.process, 0) + niceness) }
    while let work = first.open() ?? next() { work() }
  }

  /// Something to do; nil when there was nothing for a while.
  private func next() -> (@Sendable () -> Void)? {
    monitor.withLock {
      let deadline = Deadline(milliseconds: idleTime)
      idle += 1
      defer { idle -= 1 }
      while queue.isEmpty {
        guard monitor.wait(until: deadline) || !queue.isEmpty else {
          threads -= 1
          return nil
        }
      }
      return queue.removeFirst().work
    }
  }

  /// Starts a thread for whatever waits too long, until nothing waits any more.
  private func watch() {
    while let deadline = monitor.withLock({ watched }) {
      // At least once: a thread that is about to take what waits needs a moment.
      repeat { usleep(UInt32(max(1, patience / 4)) * 1000) } while !deadline.hasPassed
      let late = monitor.withLock { () -> (@Sendable () -> Void)? in
        guard let first = queue.first, first.deadline.hasPassed, queue.count > idle, threads < most else { return nil }
        threads += 1
        return queue.removeFirst().work
      }
      if let late, !start(with: late) {
        // In its old place, at the front: it has waited longest.
        monitor.withLock { queue.insert(Item(work: late, deadline: Deadline(milliseconds: patience)), at: 0) }
      }
    }
  }

  /// When the first in the queue gets a thread of its own; nil, and no longer watched, where none can.
  private var watched: Deadline? {
    guard let first = queue.first, threads < most else {
      isWatched = false
      return nil
    }
    return first.deadline
  }
}
