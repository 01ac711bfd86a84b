internal import Access
internal import ArgumentParser
internal import ArrayIO
internal import EXDF
internal import FUSE
internal import Glibc
internal import Locality
internal import Logging
internal import Mount
internal import Printable
internal import RunArrays
internal import Threads
internal import Tree

/// `xfelfs mount SOURCE MNT`.
struct MountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mount",
    abstract: "Mount a run; return when the mount answers.",
    discussion: "The mount ends with 'xfelfs umount MNT', or with SIGTERM to the daemon.")

  @Argument(help: "The run: a directory of HDF5 files, or one file.") var source: String
  @Argument(help: "The directory to mount it on.") var mountPoint: String
  @Flag(name: [.customShort("f"), .long], help: "Stay in the foreground and log to stderr.") var foreground = false
  @Option(
    name: [.customShort("o")], parsing: .singleValue,
    help: ArgumentHelp(
      "Mount options as mount(8) passes them: allow_other, auto_unmount, fsname=...", valueName: "a,b=c"))
  var options: [String] = []
  @Option(help: ArgumentHelp("Memory for decoded chunks, such as 512M or 2G.", valueName: "size"))
  var cacheSize: ByteCount = ByteCount(OpenRun.defaultCacheSize)
  @Option(
    help: ArgumentHelp(
      "How often to look for new and longer files of a run that is being taken, in seconds; 0 for never.",
      valueName: "seconds"))
  var refresh: Double = 5
  @Flag(help: "Do not read ahead of sequential readers.") var noPrefetch = false
  @Option(help: ArgumentHelp("Threads that answer the kernel.", valueName: "n"))
  var threads: Int = Self.defaultThreads
  @Option(
    help: ArgumentHelp(
      "Which files to use, by where dCache has them: ondisk, available (on disk or tape) or any.", valueName: "where"),
    transform: Self.locality)
  var locality: LocalityFilter = .any
  @Option(help: ArgumentHelp("Seconds that dCache has to say where a file is.", valueName: "seconds"))
  var localityTimeout: Double = Double(LocalityQuery.defaultMilliseconds) / 1000
  @Flag(help: "Let reads of files that are on tape only wait for the tape, for days if need be, instead of failing.")
  var waitForTape = false
  @Option(help: ArgumentHelp("Append the daemon's log to this file; else it goes to syslog.", valueName: "path"))
  var logFile: String?
  @Option(help: ArgumentHelp("Write an 's' to this descriptor when the mount answers.", valueName: "fd"))
  var readyFd: Int32?

  @Option(
    help: ArgumentHelp(
      "What the log has: trace, debug (each request), info, notice, warning, error or critical.", valueName: "level"),
    transform: Self.level)
  var logLevel: Logger.Level = .notice

  @OptionGroup(title: "What of the run") var what: RunOptions
  @OptionGroup(title: "Detectors") var detectors: DetectorArguments
  @Option(
    help: ArgumentHelp(
      "What stands in the stacked arrays where data of a detector's key are missing: decimal, hexadecimal, or nan.",
      valueName: "key=value"))
  var fillValue: [KeyFill] = []

  /// A slow read must not keep `ls` waiting, so there are more threads than cores.
  static var defaultThreads: Int { min(16, max(4, 2 * Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

  /// Opening a run of a thousand files on a cold GPFS takes minutes.
  private static let patience = 600

  mutating func validate() throws {
    guard (1...256).contains(threads) else { throw ValidationError("--threads takes a number from 1 to 256") }
    guard refresh >= 0, refresh <= 86_400 else { throw ValidationError("--refresh takes 0 to 86400 seconds") }
    guard localityTimeout > 0, localityTimeout <= 86_400 else {
      throw ValidationError("--locality-timeout takes up to 86400 seconds")
    }
  }

  private static func level(_ text: String) throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text) else {
      let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--log-level takes one of \(names)")
    }
    return level
  }

  private static func locality(_ text: String) throws -> LocalityFilter {
    guard let filter = LocalityFilter(rawValue: text) else {
      throw ValidationError("--locality takes ondisk, available or any")
    }
    return filter
  }

  private var access: OpenRun.Access {
    OpenRun.Access(
      filter: locality, query: LocalityQuery(milliseconds: Int(localityTimeout * 1000)), waitsForTape: waitForTape)
  }

  func run() throws {
    var mountOptions = MountOptions()
    let place: MountPoint
    do throws(MountError) {
      // What mount(8) and df(1) show.
      mountOptions.sourceName = "xfel:\(source.printable)"
      mountOptions.directIOWithMMap = true
      for list in options { try mountOptions.parse(list) }
      try mountOptions.check()
      place = try MountPoint.check(mountPoint)
    } catch {
      throw Failure(error.description)
    }
    let logger = Logger.program(logLevel)
    if let warning = place.warning { logger.warning("\(warning)") }
    let source = try resolveSource(outside: place.path)
    let runs = RunGuard(sources: [self.source] + what.union)
    let ready = try readyDescriptor(outside: runs)
    let log = try openLog(outside: runs)
    let start = Start(
      source: source, request: try what.request.resolved(), mountPoint: place.path, options: mountOptions, log: log,
      ready: ready)
    if foreground {
      let status = serve(start, logger, readiness: nil)
      if status != 0 { throw ExitCode(status) }
      return
    }
    let outcome: Daemon.Outcome
    do throws(Errno) {
      outcome = try Daemon.start(timeout: Self.patience, keeping: [ready, log].compactMap { $0 }) { readiness in
        serve(start, logger, readiness: readiness)
      }
    } catch {
      throw Failure("cannot start the daemon: \(error)")
    }
    switch outcome {
    case .succeeded: return
    case .failed(let reason): throw Failure(reason)
    case .died(let status): throw Failure("the daemon ended with status \(status) before the mount answered")
    case .timedOut: throw Failure("the mount did not answer within \(Self.patience) seconds")
    }
  }

  /// What is to be mounted, by absolute paths, as the daemon leaves the working directory. A run that is read through its own mount would
  /// wait for itself.
  private func resolveSource(outside mountPoint: String) throws(Failure) -> RunSource {
    let found: RunSource
    do throws(EXDFError) {
      found = try RunSource(source)
    } catch {
      throw Failure(error.description)
    }
    for path in found.paths where path == mountPoint || path.hasPrefix(mountPoint + "/") {
      throw Failure("the run \(source) lies inside the mount point \(mountPoint): mount it somewhere else")
    }
    return found
  }

  /// The descriptor of `--ready-fd`, as one that no program we start inherits.
  private func readyDescriptor(outside runs: RunGuard) throws(Failure) -> Int32? {
    guard let readyFd else { return nil }
    try runs.check(descriptor: readyFd, for: "descriptor \(readyFd)")
    // Input, output and errors go to /dev/null before it is written to.
    let descriptor = readyFd > 2 ? readyFd : fcntl(readyFd, F_DUPFD_CLOEXEC, 3)
    guard descriptor >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
      throw Failure("--ready-fd \(readyFd) is no open descriptor: \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  /// Lines are added to a log, so a file that exists is welcome; one of the run is not.
  private func openLog(outside runs: RunGuard) throws(Failure) -> Int32? {
    guard let logFile else { return nil }
    let place = try OutputPlace(logFile)
    try runs.check(place)
    let descriptor: Int32
    if case .descriptor(let number) = place.occupant {
      descriptor = fcntl(number, F_DUPFD_CLOEXEC, 3)
    } else {
      let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC
      descriptor = openat(place.directory.descriptor, place.name, flags, 0o644)
    }
    guard descriptor >= 0 else { throw Failure("cannot write the log \(logFile): \(String(cString: strerror(errno)))") }
    return descriptor
  }

  /// What has been looked at in the process that was called: nothing in it depends on that process's directory.
  private struct Start {
    let source: RunSource
    let request: RunRequest
    let mountPoint: String
    let options: MountOptions
    /// The log's descriptor; nil for syslog, or stderr in the foreground.
    let log: Int32?
    /// The descriptor that waits for an `s`.
    let ready: Int32?
  }

  /// Writes into the log what the daemon has done, whatever level that has.
  private static func tell() {
    let logger = Logger.program(.notice)
    for line in Counters.text.split(separator: "\n") { logger.notice("stats: \(line)") }
  }

  /// Opens the run, mounts and serves until the mount ends. Runs in the child when in the background.
  private func serve(_ start: Start, _ logger: Logger, readiness: Readiness?) -> Int32 {
    // Before any thread exists, so that all inherit it.
    Signals.prepareToServe()
    Heap.prepare()
    func fail(_ reason: String) -> Int32 {
      if let readiness { readiness.fail(reason) } else { logger.error("\(reason)") }
      return 1
    }
    do {
      let watcher = start.options.autoUnmount ? try MountWatcher.start() : nil
      var options = start.options
      let locality = LocalityGuard(access.query)
      let policy = try RunAccess.Policy(&options) { path in locality.obstacle(to: path) != nil }
      let rights = LinkedFileRights(policy)
      let stacking = DetectorOptions(selection: detectors.selection, fills: KeyFill.dictionary(fillValue))
      let services = OpenRun.Services(
        request: start.request, access: access, locality: locality, rights: rights.check,
        servesOthers: options.allowsOther,
        cacheSize: cacheSize.value, prefetches: !noPrefetch, detectors: stacking, logger)
      let mounting = try mounting(start.source, services, policy, rights)
      let fileSystem = mounting.fileSystem
      let session = try Session(fileSystem, mountPoint: start.mountPoint, options: options, watcher: watcher)
      mounting.begin(session)
      let announce: @Sendable () -> Void = {
        if session.mapsDirectIO { fileSystem.allowDirectIO() }
        services.store.prepareMemory()
        if let log = start.log {
          LogSink.shared.direct(to: .file(descriptor: log))
        } else if readiness != nil {
          LogSink.shared.direct(to: .syslog)
        }
        readiness?.succeed("mounted")
        if let ready = start.ready { Readiness.notify(descriptor: ready) }
        Readiness.notifySystemd()
      }
      let outcome = try session.serve(
        threads: threads, handlingSignals: true, onReady: announce, onTelling: Self.tell)
      // A thread that hangs in a read must not keep the process.
      if outcome == .abandoned { _exit(0) }
      return 0
    } catch {
      return fail("\(error)")
    }
  }
}

extension MountCommand {
  /// What is served, and what begins with the session.
  private struct Mounting {
    let fileSystem: TreeFileSystem
    let begin: (Session) -> Void
  }

  /// Opens a run, or a directory of runs whose runs are opened later.
  private func mounting(
    _ source: RunSource, _ services: OpenRun.Services, _ policy: RunAccess.Policy, _ rights: LinkedFileRights
  ) throws -> Mounting {
    let directory: String
    let hasFolders: Bool
    switch source {
    case .run(let location):
      return try mounting(location, services, policy, rights)
    case .runs(let path): (directory, hasFolders) = (path, false)
    case .proposal(let path): (directory, hasFolders) = (path, true)
    }
    let guardian = try AccessTable(policy, hasManyRuns: true, services.logger)
    let proposal = services.proposal(
      directory, hasFolders: hasFolders, admit: admission(to: guardian, services, rights))
    let mounted = MountedTree(proposal)
    let refresh = refresh
    return Mounting(fileSystem: TreeFileSystem(mounted, guardian, services.logger)) { session in
      keeper(of: mounted, session, guardian, services).keep(proposal, refreshingEvery: refresh)
    }
  }

  private func mounting(
    _ location: RunLocation, _ services: OpenRun.Services, _ policy: RunAccess.Policy, _ rights: LinkedFileRights
  ) throws -> Mounting {
    let guardian = try AccessTable(policy, hasManyRuns: false, services.logger)
    let table = NodeTable()
    let run = try services.liveRun(location, in: table, admit: admission(to: guardian, services, rights))
    try run.current.checkFills()
    if !services.request.selection.isEverything, run.current.run.trainIDs.isEmpty {
      throw Failure("nothing is left of the run \(run.current.run.path): no train was selected")
    }
    let mounted = MountedTree(run, in: table)
    let refresh = refresh
    return Mounting(fileSystem: TreeFileSystem(mounted, guardian, services.logger)) { session in
      keeper(of: mounted, session, guardian, services).follow(run, in: mounted, every: refresh)
    }
  }

  private func keeper(
    of mounted: MountedTree, _ session: Session, _ guardian: AccessTable, _ services: OpenRun.Services
  ) -> RunKeeper {
    RunKeeper(
      invalidate: { session.forget($1, in: mounted.table.number(of: $0)) }, dismiss: guardian.dismiss, services.logger)
  }

  /// Has each tree guarded that is grown of a run.
  private func admission(
    to guardian: AccessTable, _ services: OpenRun.Services, _ rights: LinkedFileRights
  ) -> @Sendable (RunTree) throws(EXDFError) -> Void {
    let waitForTape = waitForTape
    return { tree throws(EXDFError) in
      if waitForTape, services.servesOthers {
        // Whether a user may read a file must not wait for the tape.
        services.locality.prefetch(tree.files(in: .directory))
      }
      rights.exempt(tree.run.files.map(\.reference))
      do throws(MountRefusal) {
        try guardian.admit(tree)
      } catch {
        throw .refused(error.description)
      }
    }
  }
}

/// A size on the command line: a number with K, M or G behind it, in powers of 1024.
struct ByteCount: ExpressibleByArgument, CustomStringConvertible {
  var value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    // By text: the upper case of a character can be two, as of a sharp s.
    let units = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = argument.last.flatMap { units[$0.uppercased()] }
    guard let number = Int(unit == nil ? argument[...] : argument.dropLast()), number >= 0 else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    guard !overflow, value <= 1 << 40 else { return nil }
    self.value = value
  }

  var description: String { value % (1 << 20) == 0 ? "\(value >> 20)M" : "\(value)" }
}
