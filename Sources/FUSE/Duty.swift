internal import CFuse
import Synchronization

/// The duty to answer a request that may take its time; it is answered once. Either the thread that works for it does, or, when the caller
/// is interrupted before that, it is answered with EINTR. The thread may hang in a system call on a store that does not come back,
/// and should its answer come in the end, it is dropped.
///
/// Whoever works for the request holds the duty, and the duty holds the connection: it can be answered beyond the end of the session.
final class Duty: @unchecked Sendable {
  // Unchecked because of `request`: libfuse takes a reply from any thread, and only the one that has taken the duty uses the pointer,
  // which is valid until then.
  private let request: OpaquePointer
  private let connection: Connection
  private let patience: Patience
  private let isTaken = Atomic(false)
  private let wasInterrupted = Atomic(false)

  /// What a signal does to a caller.
  enum Patience {
    /// It gets EINTR.
    case untilSignal
    /// It gets EINTR if the signal ends it. What fills the page cache may be for a page of a mapped file, and an error, EINTR no less
    /// than others, is SIGBUS to a program that touches it, or EFAULT for a system call that is given it.
    case untilEnd(CallingProcess)
  }

  init(_ request: OpaquePointer, _ connection: Connection, _ patience: Patience = .untilSignal) {
    self.request = request
    self.connection = connection
    self.patience = patience
    connection.underway.add(1, ordering: .relaxed)
    // Called at once where the message has come already. Not answered in there: the function that sets it goes on to use the
    // request, which the answer would free.
    fuse_req_interrupt_func(
      request,
      { _, data in
        guard let data else { return }
        let duty = Unmanaged<Duty>.fromOpaque(data).takeUnretainedValue()
        duty.connection.interruptions.add(duty)
      }, Unmanaged.passRetained(self).toOpaque())
  }

  deinit { connection.underway.subtract(1, ordering: .releasing) }

  /// Whether the caller has got a signal and an answer that says so, and is gone.
  var isInterrupted: Bool { wasInterrupted.load(ordering: .relaxed) }

  /// Answers by `send`, which gets the request.
  /// - Returns: false where it has been answered before. `send` has then not been called.
  @discardableResult
  func answer(_ send: (OpaquePointer) -> Void) -> Bool {
    guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else { return false }
    // Waits for a callback that is running. After it, libfuse has no reference to this object any more.
    fuse_req_interrupt_func(request, nil, nil)
    send(request)
    Unmanaged.passUnretained(self).release()
    return true
  }

  /// Answers with an error, unless it has been answered.
  @discardableResult
  func fail(_ error: Errno) -> Bool { answer { fuse_reply_err($0, error.rawValue) } }

  /// Answers a caller that has got a signal with EINTR, unless it has been answered.
  /// - Returns: false where the caller goes on waiting.
  func interrupt() -> Bool {
    if case .untilEnd(let process) = patience, !process.isEnding { return isTaken.load(ordering: .relaxed) }
    if fail(.interrupted) { wasInterrupted.store(true, ordering: .relaxed) }
    return true
  }
}
