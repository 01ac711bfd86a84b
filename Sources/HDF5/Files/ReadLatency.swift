internal import Glibc
internal import Synchronization

/// How long the store behind a run's files takes to answer, from the reads that were made of it.
///
/// It decides how many reads to have under way, so it has to know after a handful of them: what it takes a dozen slow reads to
/// find out is 25 ms of a reader's time at 2 ms a read. It errs on the side of "slow", which costs threads and memory, and comes
/// back within a dozen quick reads.
public final class ReadLatency: Sendable {
  private struct State {
    /// What decides, in nanoseconds: rises fast, and single readings hardly count.
    var level = 0
    /// What a read takes on average.
    var mean = 0
    /// Up to 16.
    var readings = 0
  }
  private let state = Mutex(State())
  // Copies of what the state says, for those who only ask.
  private let isAboveThreshold = Atomic(false)
  private let lastMean = Atomic(0)

  /// A page-cached read of a megabyte takes 150 µs here, one from the local disk 500-800.
  private static let threshold = 1_200_000
  /// A reading counts as so much at most for the level: one alone must not outweigh the next few.
  private static let highest = 2 * threshold
  /// And for the mean.
  private static let longest = 50_000_000

  public init() {}

  /// Whether reads take so long that many should be under way at once.
  public var isSlow: Bool { isAboveThreshold.load(ordering: .relaxed) }

  /// What a read takes on average, in nanoseconds; of the last sixteen or so.
  public var nanoseconds: Int { lastMean.load(ordering: .relaxed) }

  /// Makes a read, and notes how long it took.
  ///
  /// Not if this thread had to give its processor to another one meanwhile: that says how busy the machine is. A read that waits
  /// for the store gives it up of its own accord, and one that is copied from memory not at all.
  public func measure<E: Error>(_ read: () throws(E) -> Void) throws(E) {
    let preemptions = Self.preemptions
    let begin = Self.now()
    try read()
    let end = Self.now()
    if Self.preemptions == preemptions { note(nanoseconds: end - begin) }
  }

  /// The level is the average of the first readings; later ones move it by a quarter of what they exceed it, and by a sixteenth
  /// of what they fall below it. A store of 2 ms a read is found out by the first read, or by the fourth after many from the
  /// page cache; where every tenth read is held up the store still counts as quick.
  func note(nanoseconds: Int) {
    state.withLock { state in
      state.readings = min(state.readings + 1, 16)
      let change = min(nanoseconds, Self.highest) - state.level
      state.level += change / min(state.readings, change > 0 ? 4 : 16)
      state.mean += (min(nanoseconds, Self.longest) - state.mean) / state.readings
      isAboveThreshold.store(state.level > Self.threshold, ordering: .relaxed)
      lastMean.store(state.mean, ordering: .relaxed)
    }
  }

  /// RUSAGE_THREAD, which Glibc's module leaves out.
  private static let thisThread: Int32 = 1

  /// How often the kernel has taken the processor from this thread. 0.3 µs.
  private static var preemptions: Int {
    var usage = rusage()
    getrusage(thisThread, &usage)
    return usage.ru_nivcsw
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
