internal import Glibc
internal import Synchronization

/// Which of two libraries inflates the chunks of a dataset: both have a turn at its first chunks, the faster one gets the rest.
///
/// Neither is faster with everything. Against libdeflate, ISA-L took 0.91 of the time for integer ADU as f32, 0.81 for masks,
/// but 1.29 for data of little entropy that are all short matches (chunks of 256 KiB, shuffle and level 1, medians on one core
/// of an AMD EPYC of 2023); on other processors it will be otherwise again.
public final class InflateTrial: Sendable {
  enum Library { case isal, libdeflate }

  /// Turns taken.
  private let turns = Atomic<Int>(0)
  /// Picoseconds a byte, the shortest so far.
  private let isal = Atomic<Int>(.max)
  private let libdeflate = Atomic<Int>(.max)

  /// Chunks of each library before it is decided.
  private static let rounds = 4

  /// A trial in which nobody had a turn yet.
  public init() {}

  /// Whose turn it is, and whether to measure it.
  func next() -> (library: Library, isMeasured: Bool) {
    let turn = turns.load(ordering: .relaxed)
    guard turn < 2 * Self.rounds else {
      return (isal.load(ordering: .relaxed) <= libdeflate.load(ordering: .relaxed) ? .isal : .libdeflate, false)
    }
    turns.add(1, ordering: .relaxed)
    return (turn % 2 == 0 ? .isal : .libdeflate, true)
  }

  /// Notes how long a library took.
  func note(_ library: Library, nanoseconds: Int, bytes: Int) {
    guard bytes > 0 else { return }
    let (picoseconds, overflow) = nanoseconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return }
    switch library {
    case .isal: isal.min(picoseconds / bytes, ordering: .relaxed)
    case .libdeflate: libdeflate.min(picoseconds / bytes, ordering: .relaxed)
    }
  }

  /// Processor time of the calling thread, in nanoseconds: others on its core do not count.
  static func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
