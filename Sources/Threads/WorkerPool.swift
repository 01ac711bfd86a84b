internal import Glibc

/// A few threads that do what is put into a queue of bounded length. What does not fit is refused: this is for work that
/// somebody else will do if it is not done here.
public final class WorkerPool: @unchecked Sendable {
  // Unchecked: everything mutable is only touched inside the monitor.
  private let monitor = Monitor()
  private var queue: [@Sendable () -> Void] = []
  private var head = 0
  private var threads = 0
  private var idle = 0
  let mostThreads: Int
  private let mostWaiting: Int
  private let niceness: Int32
  private let isTemporary: Bool

  /// - Parameters:
  ///   - threads: how many at most; each is started when there is work for it.
  ///   - waiting: how many pieces of work may wait.
  ///   - niceness: added to the threads' own (a Linux thread has one), so that whoever answers requests comes first.
  ///   - isTemporary: whether a thread ends when it finds nothing to do.
  public init(threads: Int, waiting: Int, niceness: Int32 = 0, isTemporary: Bool = false) {
    self.isTemporary = isTemporary
    mostThreads = max(1, threads)
    mostWaiting = waiting
    self.niceness = niceness
  }

  /// - Returns: false when the queue is full, or the system has no thread to give.
  @discardableResult
  public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    let (isTaken, mustStart) = monitor.withLock { () -> (Bool, Bool) in
      guard queue.count - head < mostWaiting else { return (false, false) }
      queue.append(work)
      monitor.signal()
      // Those who have been woken for other work are still counted as idle until they have taken it.
      guard queue.count - head > idle, threads < mostThreads else { return (true, false) }
      threads += 1
      return (true, true)
    }
    if mustStart, !Thread.start({ self.serve() }) {
      monitor.withLock { threads -= 1 }
    }
    return isTaken
  }

  /// Glibc has the constant as an enum, and the calls take an integer.
  private static let process = __priority_which_t(PRIO_PROCESS.rawValue)

  private func serve() {
    if niceness != 0 { _ = setpriority(Self.process, 0, getpriority(Self.process, 0) + niceness) }
    while true {
      let work = monitor.withLock { () -> (@Sendable () -> Void)? in
        if isTemporary, head == queue.count {
          threads -= 1
          return nil
        }
        idle += 1
        while head == queue.count { monitor.wait() }
        idle -= 1
        let work = queue[head]
        head += 1
        if head == queue.count || head > 1024 {
          queue.removeFirst(head)
          head = 0
        }
        return work
      }
      guard let work else { return }
      work()
    }
  }
}
