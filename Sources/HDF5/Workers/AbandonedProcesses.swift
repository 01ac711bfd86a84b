internal import Glibc
internal import Synchronization
internal import Threads

/// Processes that have been killed and not yet ended: one that waits for a store that hangs ends when the store answers.
final class AbandonedProcesses: Sendable {
  static let shared = AbandonedProcesses()
  private let processes = Mutex<Set<pid_t>>([])

  /// How many of them are still there.
  var count: Int { processes.withLock { $0.count } }

  /// Takes a killed process over. A thread of its own waits for its end, so that it does not stay as a zombie: other code of
  /// this process may wait for any child, as Swift Testing does, and would find the zombie again and again.
  func add(_ process: pid_t) {
    // Most of them have ended by now.
    if waitpid(process, nil, WNOHANG) == process { return }
    processes.withLock { _ = $0.insert(process) }
    // Where the system has no thread to give, it stays a zombie and goes on being counted.
    Thread.start { [self] in
      while waitpid(process, nil, 0) < 0, errno == EINTR {}
      processes.withLock { _ = $0.remove(process) }
    }
  }
}
