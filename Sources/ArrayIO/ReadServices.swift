internal import Glibc
internal import HDF5
internal import Threads

/// What all reads of a run share: open files, decoded chunks, decoders, and the threads that read ahead.
final class ReadServices: Sendable {
  let files: HDF5Files
  let descriptors: Descriptors
  let decoders = ChunkDecoders()
  let cache: ChunkCache
  let prefetcher: Prefetcher
  /// Read the nodes of chunk indexes side by side on a slow store: for threads that wait for them, so none is niced.
  let indexReaders = WorkerPool(threads: 16, waiting: 256)

  static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  init(files: HDF5Files, cacheSize: Int, prefetches: Bool) {
    self.files = files
    descriptors = Descriptors(files.opener)
    cache = ChunkCache(capacity: cacheSize)
    prefetcher = Prefetcher(descriptors, isEnabled: prefetches)
  }
}

/// The threads that make blocks before they are asked for.
final class Prefetcher: Sendable {
  let isEnabled: Bool
  private let descriptors: Descriptors
  /// Inflating keeps a core busy: as many as there are. Whoever answers the kernel comes first.
  private let decoding: WorkerPool
  /// Waiting for a slow store does not: so many that a store of 2 ms a read still gives gigabytes a second.
  private let fetching: WorkerPool
  /// For what was fetched. Apart from the others, whose threads may be waiting for a chunk in this queue.
  private let inflating: WorkerPool

  private static let niceness: Int32 = 4
  private static let fetchers = 32
  private static let mostWaiting = 512

  init(_ descriptors: Descriptors, isEnabled: Bool) {
    self.descriptors = descriptors
    self.isEnabled = isEnabled
    decoding = WorkerPool(threads: ReadServices.cores, waiting: Self.mostWaiting, niceness: Self.niceness)
    fetching = WorkerPool(threads: Self.fetchers, waiting: Self.mostWaiting, niceness: Self.niceness)
    inflating = WorkerPool(threads: ReadServices.cores, waiting: Self.mostWaiting, niceness: Self.niceness)
  }

  /// - Returns: false when it will not be done.
  @discardableResult
  func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    guard isEnabled, (descriptors.isSlow ? fetching : decoding).submit(work) else { return false }
    Counters.count(.prefetches)
    return true
  }

  /// Has what was fetched decoded, by one of as many threads as there are cores; by this one if they have enough to do. Were it
  /// those that fetch, dozens of them would take turns on the cores: 267 ms in place of 250 for 256 MiB of gzip.
  ///
  /// - Parameter work: must not wait for a chunk.
  func decode(_ work: @escaping @Sendable () -> Void) {
    if !inflating.submit(work) { work() }
  }
}
