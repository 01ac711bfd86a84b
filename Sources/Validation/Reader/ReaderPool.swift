internal import Glibc
internal import Synchronization
internal import Threads

/// Several readers, and a queue of files for them: libhdf5 does one thing at a time in a process, so this is also how two cores are
/// used.
struct ReaderPool {
  let program: ReaderProcess.Program
  /// How long one file may take.
  let milliseconds: Int

  /// More than this do not make a disk faster.
  private static let mostProcesses = 8

  /// Has every file looked at.
  ///
  /// - Parameters:
  ///   - obstacle: why a file must not be read; asked before each.
  ///   - eachFile: told of each file's findings as they come, on the calling thread.
  func inspect(
    _ paths: [String], obstacle: @escaping @Sendable (String) -> String?, eachFile: (Int, FileFindings) -> Void
  ) {
    let cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let work = Work(paths)
    let count = max(1, min(paths.count, cores, Self.mostProcesses))
    for _ in 0..<count {
      let (program, milliseconds) = (program, milliseconds)
      let body: @Sendable () -> Void = { Self.read(work, program, milliseconds, obstacle) }
      // Without a thread the files still get their turn, from here.
      if !Thread.start(body) { body() }
    }
    for _ in paths.indices {
      let (number, findings) = work.nextResult()
      eachFile(number, findings)
    }
  }

  /// Takes files until there are none, with a new child after each that died.
  private static func read(
    _ work: Work, _ program: ReaderProcess.Program, _ milliseconds: Int, _ obstacle: (String) -> String?
  ) {
    var next = work.take()
    while next != nil {
      var filesRead = 0
      do throws(ReaderProcess.Death) {
        var process = try ReaderProcess(program)
        while let number = next {
          let path = work.paths[number]
          if let obstacle = obstacle(path) {
            work.finish(number, failure(.locality, "Could not access file", path, obstacle))
          } else {
            work.finish(number, try process.inspect(path, milliseconds: milliseconds))
            filesRead += 1
          }
          next = work.take()
        }
      } catch {
        // A file that damages the heap of libhdf5 may kill its reader in the middle of the next one: that one gets another reader.
        if error.isCrash && filesRead > 0 { continue }
        guard let number = next else { return }
        var findings = failure(.reader, "Could not open HDF5 file", work.paths[number], error.reason)
        findings.mayPass = error.mayPass
        work.finish(number, findings)
        next = work.take()
      }
    }
  }

  private static func failure(_ check: ValidationCheck, _ message: String, _ path: String, _ reason: String)
    -> FileFindings
  {
    FileFindings(problems: [Problem(check, message, ["file": path, "error": reason])], contents: nil)
  }
}

/// The files of one validation: each is taken once, and has one result.
private final class Work: @unchecked Sendable {
  // Unchecked: the variables are touched inside the monitor only.
  let paths: [String]
  private let monitor = Monitor()
  private var nextPath = 0
  private var results: [(Int, FileFindings)] = []

  init(_ paths: [String]) { self.paths = paths }

  func take() -> Int? {
    monitor.withLock {
      guard nextPath < paths.count else { return nil }
      defer { nextPath += 1 }
      return nextPath
    }
  }

  func finish(_ number: Int, _ findings: FileFindings) {
    monitor.withLock {
      results.append((number, findings))
      monitor.broadcast()
    }
  }

  func nextResult() -> (Int, FileFindings) {
    monitor.withLock {
      while results.isEmpty { monitor.wait() }
      return results.removeFirst()
    }
  }
}
