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
    /// Which part of each run, and which others with it.
    let request: RunRequest
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
      request: RunRequest = RunRequest(), access: Access = Access(), locality: LocalityGuard? = nil,
      rights: RightsCheck? = nil, servesOthers: Bool = false,
      cacheSize: Int = defaultCacheSize, prefetches: Bool = true, detectors: DetectorOptions = DetectorOptions(),
      _ logger: Logger
    ) {
      FileOpener.descriptorLimit()
      let locality = locality ?? LocalityGuard(access.query)
      let hdf5 = HDF5Files(
        FileOpener(gate: Self.gate(access, locality), rights: rights),
        workers: WorkerProgram(executable: workerExecutable.withLock { $0 }, arguments: [HDF5WorkerCommand.name]))
      store = DatasetStore(files: hdf5, cacheSize: cacheSize, prefetches: prefetches)
      self.request = request
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
      let logger = logger
      let run = try run(location)
      let options = ValidationOptions(followsLinks: !servesOthers)
      return RunTree(
        RunArrays(run: run, store: store), in: table, at: place, detectors: detectors,
        validator: RunValidator(options, obstacle: Self.gate(access, locality)), query: access.query
      ) { logger.warning("\($0)") }
    }

    /// What was asked for: files, then the union, then the selection of what is in it.
    private func run(_ location: RunLocation) throws(EXDFError) -> Run {
      var run = try join(location)
      if !request.union.isEmpty {
        var others: [Run] = []
        for source in request.union {
          guard case .run(let other) = try RunSource(source) else {
            throw .noSuchRun(path: source, reason: "it is no run, but a directory of runs: name one of them")
          }
          others.append(try join(other))
        }
        run = run.union(others)
      }
      run = run.with(try aliases(for: run))
      guard !request.selection.isEverything else { return run }
      do throws(SelectionError) {
        return try run.selecting(request.selection)
      } catch {
        throw .selection(error)
      }
    }

    /// One run, or several as one.
    private func join(_ location: RunLocation) throws(EXDFError) -> Run {
      let (logger, locality, access) = (logger, locality, access)
      var runs: [Run] = []
      for path in location.parts {
        runs.append(
          try Run(
            path: path, hdf5: store.files, include: request.include,
            omissions: { OpenRun.omissions($0, locality, access) }, report: { logger.warning("\($0)") }))
      }
      switch location.combination {
      case .single: return runs[0]
      case .union: return runs[0].union(Array(runs.dropFirst()))
      case .overlay: return Run.overlay(runs)
      }
    }

    /// A file that is named has to be there and right; what is wrong with the proposal's is a line in the log.
    private func aliases(for run: Run) throws(EXDFError) -> Aliases {
      guard let path = request.aliases ?? AliasFile.path(forRun: run.path) else { return Aliases() }
      do throws(AliasFile.Invalid) {
        return try AliasFile.read(path)
      } catch {
        if request.aliases != nil { throw .aliases(error.description) }
        logger.warning("\(error.description); the run has no aliases")
        var aliases = Aliases()
        aliases.problems = [error.description]
        return aliases
      }
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
  static func tree(_ source: String, _ request: RunRequest, _ logger: Logger) throws(EXDFError) -> MountedTree {
    let services = Services(request: request, logger)
    switch try RunSource(source) {
    case .run(let location): return MountedTree(try services.tree(location))
    case .runs(let directory): return MountedTree(services.proposal(directory, hasFolders: false))
    case .proposal(let directory): return MountedTree(services.proposal(directory, hasFolders: true))
    }
  }

  /// The tree of the run that a SOURCE names.
  static func run(
    _ source: String, _ request: RunRequest, detectors: DetectorOptions = DetectorOptions(), _ logger: Logger
  ) throws(EXDFError) -> RunTree {
    guard case .run(let location) = try RunSource(source) else {
      throw .noSuchRun(path: source, reason: "it is no run, but a directory of runs: name one of them")
    }
    return try Services(request: request, detectors: detectors, logger).tree(location)
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
