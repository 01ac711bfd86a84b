import FUSE
import Glibc
import Synchronization

/// A call that may block, on a thread that a signal can interrupt.
final class BlockingCall: Sendable {
  private let thread: pthread_t
  private let outcome: Outcome

  private final class Outcome: Sendable {
    let hasEnded = Atomic(false)
    let error = Mutex<Errno?>(nil)
  }

  /// Starts `call`, which gives its error, or nil where it succeeds.
  init(_ call: @escaping @Sendable () -> Errno?) {
    _ = Self.letSignalInterrupt
    let outcome = Outcome()
    self.outcome = outcome
    thread = startThread {
      // Threads of the pool that tests run on, and those they start, block every signal.
      var none = sigset_t()
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, nil)
      let error = call()
      outcome.error.withLock { $0 = error }
      outcome.hasEnded.store(true, ordering: .releasing)
    }
  }

  var hasEnded: Bool { outcome.hasEnded.load(ordering: .acquiring) }

  /// Sends the signal once.
  func signal() { pthread_kill(thread, SIGUSR2) }

  /// Sends the signal again and again, as one that comes before the call is lost; false if it does not end the call.
  func interrupt() -> Bool {
    waitUntil {
      if !hasEnded { signal() }
      return hasEnded
    }
  }

  /// Waits for the end, and gives the error.
  func join() -> Errno? {
    pthread_join(thread, nil)
    return outcome.error.withLock { $0 }
  }

  private static let letSignalInterrupt: Void = {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGUSR2, &action, nil)
  }()
}
