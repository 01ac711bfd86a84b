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

  /// What all runs of a process share: the files' readers, decoded blocks, what is known of dCache.
  struct Services {
    let store: DatasetStore
    let locality: LocalityGuard
    let access: Access
    /// Whether others than this user read the tree.
    let servesOthers: Bool
    let detectors: DetectorOptions
    let logger: Logger

    /// - Parameters:
    ///   - locality: knows where dCache has the files; made here unless there is one.
    ///   - rights: whether the current request's caller may read a file; nil where only this user gets in.
    init(
      access: Access = Access(), locality: LocalityGuard? = nil, rights: RightsCheck? = nil, servesOthers: Bool = false,
      cacheSize: Int = defaultCacheSize, prefetches: Bool = true, detectors: DetectorOptions = DetectorOptions(),
      _ logger: Logger
    ) {
      FileOpener.descriptorLimit()
      let locality = locality ?? LocalityGuard(access.query)
      let hdf5 = HDF5Files(
        FileOpener(gate: Self.gate(access, locality), rights: rights),
        workers: WorkerProgram(executable: workerExecutable.withLock { $0 }, arguments: [HDF5WorkerCommand.name]))
      store = DatasetStore(files: hdf5, cacheSize: cacheSize, prefetches: prefetches)
      self.locality = locality
      self.access = access
      self.servesOthers = servesOthers
      self.detectors = detectors
      self.logger = logger
    }

    private static func gate(_ access: Access, _ locality: LocalityGuard) -> FileGate {
      let waits = access.waitsForTape
      return { path in waits ? nil : locality.obstacle(to: path) }
    }

    /// Opens a run and grows its tree.
    func tree(
      _ location: RunLocation, at place: String = "", in table: NodeTable = NodeTable()
    ) throws(EXDFError) -> RunTree {
      let (logger, locality, access) = (logger, locality, access)
      guard let path = location.parts.first, location.parts.count == 1 else {
        throw .noSuchRun(path: location.parts.joined(separator: " + "), reason: "runs cannot be put together yet")
      }
      let run = try Run(
        path: path, hdf5: store.files, omissions: { OpenRun.omissions($0, locality, access) },
        report: { logger.warning("\($0)") })
      let options = ValidationOptions(followsLinks: !servesOthers)
      return RunTree(
        RunArrays(run: run, store: store), in: table, at: place, detectors: detectors,
        validator: RunValidator(options, obstacle: Self.gate(access, locality)), query: access.query
      ) { logger.warning("\($0)") }
    }

    /// The tree of a proposal, or of a directory of runs.
    ///
    /// - Parameter admit: told of each run that is opened, before anything of it is shown.
    func proposal(
      _ directory: String, hasFolders: Bool,
      admit: @escaping @Sendable (RunTree) throws(EXDFError) -> Void = { _ throws(EXDFError) in }
    ) -> ProposalTree {
      let services = self
      return ProposalTree(
        directory: directory, hasFolders: hasFolders,
        open: { location, place, table throws(EXDFError) in
          let tree = try services.tree(location, at: place, in: table)
          try admit(tree)
          return tree
        },
        summarize: { path in
          do throws(EXDFError) {
            return .success(try RunSummary(directory: path, hdf5: services.store.files))
          } catch {
            return .failure(error)
          }
        })
    }
  }

  /// The tree of whatever a SOURCE names, for commands that need no mount.
  static func tree(_ source: String, _ logger: Logger) throws(EXDFError) -> MountedTree {
    let services = Services(logger)
    switch try RunSource(source) {
    case .run(let location): return MountedTree(try services.tree(location))
    case .runs(let directory): return MountedTree(services.proposal(directory, hasFolders: false))
    case .proposal(let directory): return MountedTree(services.proposal(directory, hasFolders: true))
    }
  }

  /// The tree of the run that a SOURCE names.
  static func run(
    _ source: String, detectors: DetectorOptions = DetectorOptions(), _ logger: Logger
  ) throws(EXDFError) -> RunTree {
    guard case .run(let location) = try RunSource(source) else {
      throw .noSuchRun(path: source, reason: "it is no run, but a directory of runs: name one of them")
    }
    return try Services(detectors: detectors, logger).tree(location)
  }

  /// Asks where the files are, all at once and before the first is opened: opening one that is on tape only may take days.
  fileprivate static func omissions(_ paths: [String], _ locality: LocalityGuard, _ access: Access) -> [String: String]
  {
    guard access.filter != .any || !access.waitsForTape else { return [:] }
    var reasons: [String: String] = [:]
    for (path, place) in zip(paths, locality.prefetch(paths)) { reasons[path] = access.filter.reasonToSkip(place) }
    return reasons
  }
}
