public import HDF5
internal import Synchronization

/// The datasets that are being read, and what is shared between them: open files and decoded chunks.
public final class DatasetStore: Sendable {
  private struct State {
    var datasets: [DatasetReference: (dataset: StoredDataset, lastUse: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  /// A few hundred bytes each. A `find` reads none, a `grep` over the whole run comes back to none.
  private static let mostDatasets = 4096

  public let files: FilePool
  let cache: ChunkCache
  private let state = Mutex(State())

  /// - Parameter cacheSize: bytes of decoded chunks to keep.
  public init(files: FilePool, cacheSize: Int) {
    self.files = files
    cache = ChunkCache(capacity: cacheSize)
  }

  /// The dataset, from memory or by asking libhdf5 for it.
  func dataset(_ reference: DatasetReference) throws(ArrayError) -> StoredDataset {
    if let known = known(reference) { return known }
    return try HDF5Library.withLock { (library) throws(ArrayError) in
      // Somebody else may have described it while this thread waited for the library.
      if let known = known(reference) { return known }
      let identifier = state.withLock { state in
        state.clock += 1
        return state.clock
      }
      let dataset = try StoredDataset(reference, identifier: identifier, files, library)
      state.withLock { state in
        if state.datasets.count >= Self.mostDatasets {
          // Half of them at once, so that the search for the oldest is paid for once in two thousand.
          let uses = state.datasets.values.map(\.lastUse).sorted()
          let median = uses[uses.count / 2]
          state.datasets = state.datasets.filter { $0.value.lastUse > median }
        }
        state.datasets[reference] = (dataset, identifier)
      }
      return dataset
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
