internal import EXDF
internal import HDF5
internal import Synchronization

/// What reading has found wrong with files of the run while it was mounted: validation.txt names it, whether or not a check of its own
/// looks at the same place.
final class KnownDamage: Sendable {
  private let run: Run
  /// By file; the first that was met.
  private let damage = Mutex<[String: HDF5Error]>([:])

  init(of run: Run) { self.run = run }

  func note(_ error: HDF5Error) {
    guard run.files.contains(where: { $0.reference.path == error.file }) else { return }
    damage.withLock { if $0[error.file] == nil { $0[error.file] = error } }
  }

  /// One of each file, by path: what has closed it to the mount, else what was met first.
  var all: [HDF5Error] {
    var all = damage.withLock { $0 }
    for error in run.hdf5.closedFiles { all[error.file] = error }
    return all.values.sorted { $0.file.precedes($1.file) }
  }
}
