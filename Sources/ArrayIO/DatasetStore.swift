public import HDF5
internal import Synchronization

/// The datasets that are being read, and what is shared between them: open files and decoded chunks.
public final class DatasetStore: Sendable {
  private struct State {
    var datasets: [DatasetReference: (dataset: StoredDataset, lastUse: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  /// A few hundred bytes each, and 16 for each of their chunks that was asked for. A `find` reads none, a `grep` over the whole
  /// run comes back to none.
  private static let mostDatasets = 4096

  private let services: ReadServices
  private let state = Mutex(State())
  private static let identifiers = Atomic<UInt64>(1)

  /// - Parameters:
  ///   - cacheSize: bytes of decoded chunks to keep.
  ///   - prefetches: whether sequential readers are read ahead of.
  public init(files: HDF5Files, cacheSize: Int, prefetches: Bool = true) {
    services = ReadServices(files: files, cacheSize: cacheSize, prefetches: prefetches)
  }

  public var files: HDF5Files { services.files }

  /// Has memory for the first reader made ready, by a thread that reads ahead; for who will have many readers.
  public func prepareMemory() {
    let pool = services.cache.pool
    services.prefetcher.submit { pool.prepare() }
  }

  /// A number for a dataset in the cache that no other one ever had.
  static func nextIdentifier() -> UInt64 { identifiers.add(1, ordering: .relaxed).newValue }

  /// What keeps the cores of this machine busy: a few chunks each. More would only be colder when it is sent, and more memory
  /// to be touched for the first time: with 8 MiB in place of 4 masks came at 4.7 GB/s in place of 5.1 (medians of nine on two cores).
  private static let shortWindow = max(4, 2 * ReadServices.cores) << 20
  /// The longest for a slow store, and what it should give while a read is waited for, in bytes per nanosecond: 8 GB/s. So the
  /// window is 20 MiB at 2 ms a read and 64 at 7 ms. A fixed one of 64 MiB made the daemon touch 40 MiB more, and masks at 2 ms
  /// took 115 ms in place of 100; one of 16 MiB let unfiltered arrays at 10 ms take 573 ms in place of 320.
  private static let longWindow = 64 << 20
  private static let slowRate = 8

  /// How far a sequential reader is read ahead of, in bytes: a quarter of the cache at most, or one stream would push out what
  /// the others have.
  var longestWindow: Int {
    guard services.prefetcher.isEnabled else { return 0 }
    let latency = services.descriptors.latency
    let window = Self.shortWindow + (latency.isSlow ? Self.slowRate * latency.nanoseconds : 0)
    return min(window, Self.longWindow, services.cache.capacity / 4)
  }

  /// The dataset, from memory or by asking its file for it.
  func dataset(_ reference: DatasetReference) throws(ReadError) -> StoredDataset {
    if let known = known(reference) { return known }
    let made = try StoredDataset(reference, identifier: Self.nextIdentifier(), services)
    return state.withLock { state in
      state.clock += 1
      // Another thread may have described it meanwhile: of two, one has the cached blocks.
      if let known = state.datasets[reference] { return known.dataset }
      if state.datasets.count >= Self.mostDatasets {
        // Half of them at once, so that the search for the oldest is paid for once in two thousand.
        let uses = state.datasets.values.map(\.lastUse).sorted()
        let median = uses[uses.count / 2]
        state.datasets = state.datasets.filter { $0.value.lastUse > median }
      }
      state.datasets[reference] = (made, state.clock)
      return made
    }
  }

  private func known(_ reference: DatasetReference) -> StoredDataset? {
    state.withLock { state in
      guard let entry = state.datasets[reference] else { return nil }
      state.clock += 1
      state.datasets[reference]?.lastUse = state.clock
      return entry.dataset
    }
  }
}
