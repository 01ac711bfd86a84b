internal import ArrayIO
internal import EXDF
internal import Glibc
internal import HDF5
internal import Locality
internal import Logging
internal import RunArrays
internal import RunTree
internal import Synchronization
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
  ///   - request: which part of the run, and which others with it.
  ///   - locality: knows where dCache has the files; made here unless there is one.
  ///   - servesOthers: whether others than this user read the tree.
  ///   - rights: whether the current request's caller may read a file; nil where only this user gets in.
  static func tree(
    _ path: String, _ request: RunRequest = RunRequest(), access: Access = Access(), locality: LocalityGuard? = nil,
    rights: RightsCheck? = nil,
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
    let run = try run(path, request, hdf5, logger) { paths in omissions(paths, locality, access) }
    let arrays = RunArrays(run: run, store: DatasetStore(files: hdf5, cacheSize: cacheSize, prefetches: prefetches))
    let options = ValidationOptions(followsLinks: !servesOthers)
    return RunTree(
      arrays, detectors: detectors, validator: RunValidator(options, obstacle: gate), query: access.query
    ) { logger.warning("\($0)") }
  }

  /// What was asked for: files, then the union, then the selection of what is in it.
  private static func run(
    _ path: String, _ request: RunRequest, _ hdf5: HDF5Files, _ logger: Logger,
    _ omissions: ([String]) -> [String: String]
  ) throws(EXDFError) -> Run {
    func open(_ path: String) throws(EXDFError) -> Run {
      try Run(
        path: path, hdf5: hdf5, include: request.include, omissions: omissions, report: { logger.warning("\($0)") })
    }
    var run = try open(path)
    if !request.union.isEmpty {
      var others: [Run] = []
      for other in request.union { others.append(try open(other)) }
      run = run.union(others)
    }
    run = run.with(try aliases(for: run, request.aliases, logger))
    guard !request.selection.isEverything else { return run }
    do throws(SelectionError) {
      return try run.selecting(request.selection)
    } catch {
      throw .selection(error)
    }
  }

  /// A file that is named has to be there and right; what is wrong with the proposal's is a line in the log.
  private static func aliases(for run: Run, _ path: String?, _ logger: Logger) throws(EXDFError) -> Aliases {
    let found = path ?? AliasFile.path(forRun: run.path)
    guard let found else { return Aliases() }
    do throws(AliasFile.Invalid) {
      return try AliasFile.read(found)
    } catch {
      if path != nil { throw .aliases(error.description) }
      logger.warning("\(error.description); the run has no aliases")
      return Aliases()
    }
  }

  /// Asks where the files are, all at once and before the first is opened: opening one that is on tape only may take days.
  private static func omissions(_ paths: [String], _ locality: LocalityGuard, _ access: Access) -> [String: String] {
    guard access.filter != .any || !access.waitsForTape else { return [:] }
    var reasons: [String: String] = [:]
    for (path, place) in zip(paths, locality.prefetch(paths)) { reasons[path] = access.filter.reasonToSkip(place) }
    return reasons
  }
}
