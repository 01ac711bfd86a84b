internal import FUSE
internal import Synchronization
internal import Threads

/// Which thread answers a read.
///
/// The thread that took a request from the kernel answers it itself: nothing is faster for one reader. But when half of these
/// threads are in the middle of long reads (of arrays, which may have to be decoded, or come from a slow store), further ones
/// go to other threads, so that a `stat` or a small read always finds somebody to answer it at once.
final class ReadLanes: Sendable {
  private let under = Atomic<Int>(0)
  private let most: Int
  private let others: WorkerPool

  /// As many as the kernel may have under way in the background (64), and as readers that wait themselves.
  private static let mostWaiting = 4096
  private static let otherThreads = 32

  init(threads: Int) {
    most = max(1, threads / 2)
    others = WorkerPool(threads: Self.otherThreads, waiting: Self.mostWaiting, niceness: 2)
  }

  /// The duty to answer, on its way to another thread.
  private final class Parcel: @unchecked Sendable {
    // Unchecked: the thread that makes it is done with it when the other one takes the reply out.
    private var reply: ReadReply?
    init(_ reply: consuming ReadReply) { self.reply = consume reply }
    func open() -> ReadReply? { reply.take() }
  }

  func run(
    _ reply: consuming ReadReply, isLong: Bool, _ answer: @escaping @Sendable (consuming ReadReply) -> Void
  ) {
    guard isLong else {
      answer(reply)
      return
    }
    if under.add(1, ordering: .relaxed).newValue <= most {
      answer(reply)
      under.subtract(1, ordering: .relaxed)
      return
    }
    under.subtract(1, ordering: .relaxed)
    let parcel = Parcel(reply)
    let open: @Sendable () -> Void = { if let reply = parcel.open() { answer(reply) } }
    if !others.submit(open) { open() }
  }
}
