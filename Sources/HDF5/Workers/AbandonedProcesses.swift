internal import Glibc
internal import Synchronization

/// Processes that have been killed and not yet ended: one that waits for a store that hangs ends when the store answers.
final class AbandonedProcesses: Sendable {
  static let shared = AbandonedProcesses()
  private let processes = Mutex<[pid_t]>([])

  func add(_ process: pid_t) { processes.withLock { $0 = Self.remaining($0 + [process]) } }

  /// How many of them are still there.
  var count: Int {
    processes.withLock { processes in
      processes = Self.remaining(processes)
      return processes.count
    }
  }

  private static func remaining(_ processes: [pid_t]) -> [pid_t] { processes.filter { waitpid($0, nil, WNOHANG) == 0 } }
}
