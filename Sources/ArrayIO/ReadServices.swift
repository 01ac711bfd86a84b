internal import Glibc
internal import HDF5
internal import Threads

/// What all reads of a run share: open files, decoded chunks, decoders, and the threads that read ahead.
final class ReadServices: Sendable {
  let files: FilePool
  let descriptors: Descriptors
  let decoders = ChunkDecoders()
  let cache: ChunkCache
  let prefetcher: Prefetcher

  static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  init(files: FilePool, cacheSize: Int, prefetches: Bool) {
    self.files = files
    descriptors = Descriptors(gate: files.gate)
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

  private static let niceness: Int32 = 4
  private static let fetchers = 32
  private static let mostWaiting = 512

  init(_ descriptors: Descriptors, isEnabled: Bool) {
    self.descriptors = descriptors
    self.isEnabled = isEnabled
    decoding = WorkerPool(threads: ReadServices.cores, waiting: Self.mostWaiting, niceness: Self.niceness)
    fetching = WorkerPool(threads: Self.fetchers, waiting: Self.mostWaiting, niceness: Self.niceness)
  }

  /// - Returns: false when it will not be done.
  func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
    isEnabled && (descriptors.isSlow ? fetching : decoding).submit(work)
  }
}
