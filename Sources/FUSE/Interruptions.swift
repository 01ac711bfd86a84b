import Glibc
import Synchronization
internal import Threads

/// Ends the waiting of callers that have got a signal: their requests are answered with EINTR, whatever has become of the threads that
/// work for them.
///
/// Not in the same moment: the kernel sends the message for any signal that has a handler, a profiler's or a progress bar's timer
/// included, and does not say which it was. A caller whose answer is nearly there gets the answer. And the message comes once: a
/// caller that goes on waiting in spite of the first signal is looked at again and again.
///
/// There is no message for what the kernel reads ahead into its page cache: a reader that waits for that can be ended by a signal, but
/// one that handles the signal, as Python does Ctrl-C, handles it when the page has come.
final class Interruptions: Sendable {
  private struct State {
    var queue: [(duty: Duty, deadline: Deadline)] = []
    var hasThread = false
  }
  private let state = Mutex(State())

  /// For how long an answer is given preference, in milliseconds. Whoever presses Ctrl-C does not notice it.
  private static let grace = 25

  /// Has `duty` answered soon.
  func add(_ duty: Duty) {
    let mustStart = state.withLock { state in
      state.queue.append((duty, Deadline(milliseconds: Self.grace)))
      defer { state.hasThread = true }
      return !state.hasThread
    }
    // Without a thread it waits for the next interruption, or for its answer.
    if mustStart, !Thread.start({ self.serve() }) { state.withLock { $0.hasThread = false } }
  }

  private func serve() {
    while let (duty, deadline) = next() {
      while !deadline.hasPassed { usleep(2000) }
      if !duty.interrupt() { add(duty) }
    }
  }

  private func next() -> (duty: Duty, deadline: Deadline)? {
    state.withLock { state in
      guard !state.queue.isEmpty else {
        state.hasThread = false
        return nil
      }
      return state.queue.removeFirst()
    }
  }
}
