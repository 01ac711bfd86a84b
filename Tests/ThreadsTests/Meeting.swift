import Threads

/// Counts arrivals, and lets those who came wait for others.
final class Meeting: @unchecked Sendable {
  // Unchecked: only touched inside the monitor.
  private let monitor = Monitor()
  private var count = 0

  func arrive() {
    monitor.withLock {
      count += 1
      monitor.broadcast()
    }
  }

  /// - Returns: false if fewer have come after ten seconds.
  func wait(for expected: Int) -> Bool {
    let deadline = Deadline(milliseconds: 10_000)
    return monitor.withLock {
      while count < expected {
        guard monitor.wait(until: deadline) else { return count >= expected }
      }
      return true
    }
  }
}
