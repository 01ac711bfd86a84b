internal import FUSE
internal import Synchronization
internal import Threads

/// Openings that wait for a report: each on a thread of its own, so that however many wait, the threads that answer the kernel
/// are free for everybody else, and for the news that somebody has pressed Ctrl-C.
final class WaitingOpens: Sendable {
  private let waiting = Atomic<Int>(0)

  /// More processes than this waiting for a report are a mistake of somebody's; the next one is told to come again.
  private static let most = 1024

  /// The duty to answer, on its way to another thread.
  private final class Parcel: @unchecked Sendable {
    // Unchecked: the thread that makes it is done with it when the other one takes the reply out.
    private var reply: OpenReply?
    init(_ reply: consuming OpenReply) { self.reply = consume reply }
    func open() -> OpenReply? { reply.take() }
  }

  /// Has `open` make the answer, on another thread.
  func wait(
    _ reply: consuming OpenReply, _ open: @escaping @Sendable (borrowing OpenReply) -> Result<OpenedFile, Errno>
  ) {
    guard waiting.add(1, ordering: .relaxed).newValue <= Self.most else {
      waiting.subtract(1, ordering: .relaxed)
      reply.fail(.tryAgain)
      return
    }
    let parcel = Parcel(reply)
    let answer: @Sendable () -> Void = { [self] in
      if let reply = parcel.open() {
        switch open(reply) {
        case .success(let opened): reply.send(opened)
        case .failure(let error): reply.fail(error)
        }
      }
      waiting.subtract(1, ordering: .relaxed)
    }
    if !Thread.start(answer) { answer() }
  }
}
