import Synchronization
internal import Threads

/// Which thread answers a read.
///
/// The thread that took a request from the kernel answers it itself: nothing is faster for one reader. But when half of these
/// threads are in the middle of reads that may wait (of arrays, which may have to be decoded, or come from a slow store), further ones
/// go to other threads, so that a `stat` or a small read always finds a thread that answers it at once, however many reads hang.
final class ReadScheduler: Sendable {
  private let underway = Atomic(0)
  private let most = Atomic(0)
  private let others = ElasticPool(
    regular: 32, most: 512, waiting: ReadScheduler.mostWaiting, patience: 50, niceness: 2)

  /// More than the kernel has under way in the background (64): so many processes may read at a time.
  private static let mostWaiting = 4096

  /// To be called before the first read.
  /// - Parameter threads: how many threads answer the kernel.
  func prepare(threads: Int) { most.store(threads / 2, ordering: .relaxed) }

  /// Runs `read`, on this thread or another.
  /// - Returns: false where too many are waiting already.
  func run(mayWait: Bool, _ read: @escaping @Sendable () -> Void) -> Bool {
    guard mayWait else {
      read()
      return true
    }
    defer { underway.subtract(1, ordering: .relaxed) }
    guard underway.add(1, ordering: .relaxed).newValue > most.load(ordering: .relaxed) else {
      read()
      return true
    }
    return others.submit(read)
  }
}
