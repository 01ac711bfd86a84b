internal import ArrayIO
internal import EXDF
internal import Glibc
internal import HDF5
internal import Locality
internal import Logging
internal import RunArrays
internal import Synchronization
internal import Tree
internal import Validation

/// Opens a run and grows its tree: what every command begins with.
enum OpenRun {
  /// Decoded chunks to keep unless told otherwise: a twentieth of the memory, between 64 MiB and 1 GiB. It has to cover what is
  /// being read at the moment; what is read again comes from the kernel's page cache.
  static var defaultCacheSize: Int {
    let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    return min(1 << 30, max(64 << 20, memory / 20))
  }

  /// The program that worker processes run: this one, unless a test says otherwise.
  static let workerExecutable = Mutex("/proc/self/exe")

  /// Which files are read at all.
  struct Access {
    /// Files that are elsewhere are left out of the run.
    var filter = LocalityFilter.any
    /// How long dCache has to say where a file is.
    var query = LocalityQuery()
    /// Reading waits for what is on tape only, as long as that takes.
    var waitsForTape = false
  }

  /// - Parameters:
  ///   - locality: knows where dCache has the files; made here unless there is one.
  ///   - servesOthers: whether others than this user read the tree.
  ///   - rights: whether the current request's caller may read a file; nil where only this user gets in.
  static func tree(
    _ path: String, access: Access = Access(), locality: LocalityGuard? = nil, rights: RightsCheck? = nil,
    servesOthers: Bool = false, cacheSize: Int = defaultCacheSize, prefetches: Bool = true,
    detectors: DetectorOptions = DetectorOptions(),
    _ logger: Logger
  ) throws(EXDFError) -> RunTree {
    FileOpener.descriptorLimit()
    let locality = locality ?? LocalityGuard(access.query)
    let waits = access.waitsForTape
    let gate: FileGate = { path in waits ? nil : locality.obstacle(to: path) }
    let hdf5 = HDF5Files(
      FileOpener(gate: gate, rights: rights),
      workers: WorkerProgram(executable: workerExecutable.withLock { $0 }, arguments: [HDF5WorkerCommand.name]))
    let run = try Run(
      path: path, hdf5: hdf5, omissions: { paths in omissions(paths, locality, access) },
      report: { logger.warning("\($0)") })
    let arrays = RunArrays(run: run, store: DatasetStore(files: hdf5, cacheSize: cacheSize, prefetches: prefetches))
    let options = ValidationOptions(followsLinks: !servesOthers)
    return RunTree(
      arrays, detectors: detectors, validator: RunValidator(options, obstacle: gate), query: access.query
    ) { logger.warning("\($0)") }
  }

  /// Asks where the files are, all at once and before the first is opened: opening one that is on tape only may take days.
  private static func omissions(_ paths: [String], _ locality: LocalityGuard, _ access: Access) -> [String: String] {
    guard access.filter != .any || !access.waitsForTape else { return [:] }
    var reasons: [String: String] = [:]
    for (path, place) in zip(paths, locality.prefetch(paths)) { reasons[path] = access.filter.reasonToSkip(place) }
    return reasons
  }
}
