internal import ArrayIO
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import RunArrays
internal import RunTree

/// Opens a run and grows its tree: what every command begins with.
enum OpenRun {
  /// Decoded chunks to keep unless told otherwise: a twentieth of the memory, between 64 MiB and 1 GiB. It has to cover what is
  /// being read at the moment; what is read again comes from the kernel's page cache.
  static var defaultCacheSize: Int {
    let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    return min(1 << 30, max(64 << 20, memory / 20))
  }

  static func tree(
    _ path: String, cacheSize: Int = defaultCacheSize, prefetches: Bool = true,
    detectors: DetectorOptions = DetectorOptions(), _ logger: Logger
  ) throws(EXDFError) -> RunTree {
    FilePool.descriptorLimit()
    let pool = FilePool()
    let run = try Run(path: path, filePool: pool) { logger.warning("\($0)") }
    let arrays = RunArrays(run: run, store: DatasetStore(files: pool, cacheSize: cacheSize, prefetches: prefetches))
    return RunTree(arrays, detectors: detectors) { logger.warning("\($0)") }
  }
}
