internal import Glibc
internal import Threads

/// A few worker processes, started when they are needed: several files are read at once in spite of libhdf5's lock, a file that hangs
/// keeps only its own readers waiting, and one that crashes libhdf5 costs one process.
///
/// One request at a time is made of a file, so that a file that hangs takes one worker, however many readers wait for it.
final class HDF5Workers: HDF5Service, @unchecked Sendable {
  // Unchecked: every variable is touched inside the monitor only.
  private let program: WorkerProgram
  private let monitor = Monitor()
  private var idle: [WorkerProcess] = []
  private var busyFiles: Set<String> = []
  /// Workers that are there, idle ones too.
  private var count = 0
  /// When the workers will count as held up, unless one of them comes back before.
  private var patienceEnds = Deadline(milliseconds: 0)

  /// As many compute at a time; more are started when all of these are held up by a store.
  private let usual = max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  private static let most = 64
  /// Killed ones that a store keeps from ending.
  private static let mostAbandoned = 64
  /// For so many milliseconds no worker has to have come back before they count as held up.
  private static let patience = 300
  /// How often a waiting request looks whether it has been interrupted.
  private static let step = 20

  init(_ program: WorkerProgram) { self.program = program }

  func answers(
    to request: FileServer.Request, open: @escaping @Sendable (String) -> Result<IdentifiedFile, PassingError>
  ) throws(PassingError) -> Result<[UInt8], HDF5Error> {
    let path = request.name
    try claim(path)
    defer {
      monitor.withLock {
        busyFiles.remove(path)
        monitor.broadcast()
      }
    }
    var worker = try take(for: path)
    var isFresh = worker.files.isEmpty
    while true {
      let failure = OpeningFailure()
      let outcome: FileServer.Outcome
      do throws(WorkerProcess.Failure) {
        outcome = try worker.answers(to: request) { path in
          let result = open(path)
          if case .failure(let error) = result { failure.note(error) }
          return result
        }
      } catch {
        leave(worker)
        switch error {
        case .interrupted: throw .interrupted(path)
        case .overran:
          return .failure(
            HDF5Error("read", file: path, reason: "it takes more processor time than any sound file does"))
        case .died(let how):
          // What damaged its heap may have been another file: a fresh process decides.
          guard !isFresh else {
            return .failure(HDF5Error("read", file: path, reason: "it crashes the process that reads it (\(how))"))
          }
        }
        worker = try start(for: path)
        isFresh = true
        continue
      }
      give(back: worker)
      return .success(try outcome.bytes(failure.first, of: path))
    }
  }

  /// Waits until nobody else is asking this file.
  private func claim(_ path: String) throws(PassingError) {
    while true {
      let isMine = monitor.withLock { () -> Bool in
        if busyFiles.insert(path).inserted { return true }
        _ = monitor.wait(until: Deadline(milliseconds: Self.step))
        return false
      }
      if isMine { return }
      if Request.current.isInterrupted() { throw .interrupted(path) }
    }
  }

  /// A worker that has nothing to do: one that has the file open, if there is one.
  private func take(for path: String) throws(PassingError) -> WorkerProcess {
    while true {
      enum Found {
        case worker(WorkerProcess)
        case start
        case none
      }
      let found = monitor.withLock { () -> Found in
        if let index = idle.lastIndex(where: { $0.files.contains(path) }) ?? (count >= usual ? idle.indices.first : nil)
        {
          patienceEnds = Deadline(milliseconds: Self.patience)
          return .worker(idle.remove(at: index))
        }
        // A new one is started for each of the first requests, so that all cores have work; later only where all are held up.
        if count < usual || (patienceEnds.hasPassed && count < Self.most) {
          count += 1
          patienceEnds = Deadline(milliseconds: Self.patience)
          return .start
        }
        _ = monitor.wait(until: Deadline(milliseconds: Self.step))
        return .none
      }
      switch found {
      case .worker(let worker): return worker
      case .start: return try startCounted(for: path)
      case .none: if Request.current.isInterrupted() { throw .interrupted(path) }
      }
    }
  }

  private func start(for path: String) throws(PassingError) -> WorkerProcess {
    monitor.withLock { count += 1 }
    return try startCounted(for: path)
  }

  private func startCounted(for path: String) throws(PassingError) -> WorkerProcess {
    do throws(PassingError) {
      guard AbandonedProcesses.shared.count < Self.mostAbandoned else {
        throw PassingError(
          .worker, file: path, reason: "too many processes are waiting for a store that does not answer")
      }
      let worker = try WorkerProcess(program, for: path)
      Counters.count(.workersStarted)
      return worker
    } catch {
      monitor.withLock { count -= 1 }
      throw error
    }
  }

  private func give(back worker: WorkerProcess) {
    // One more than the usual number was started because the others were held up; it ends here.
    let spare = monitor.withLock { () -> WorkerProcess? in
      defer { monitor.broadcast() }
      patienceEnds = Deadline(milliseconds: Self.patience)
      if count > usual {
        count -= 1
        return worker
      }
      idle.append(worker)
      return nil
    }
    _ = spare
  }

  /// Counts a worker out; it is killed when its last user lets go of it.
  private func leave(_ worker: WorkerProcess) {
    Counters.count(.workersLost)
    monitor.withLock {
      count -= 1
      monitor.broadcast()
    }
  }
}
