internal import Glibc

/// A process that reads files for us, and may die of them.
///
/// libhdf5 was not made for hostile files: 1.10.8 has known crashers, and a mount must not go down with them. So whatever
/// is not known to be sound is looked at by a child, which is this program again: starting it takes 8 ms, asking it for a file
/// 30 microseconds, so one child looks at many files, until one of them kills it.
struct ReaderProcess: ~Copyable {
  /// What a child is started with.
  struct Program: Hashable, Sendable {
    var executable: String
    var arguments: [String]
  }

  /// How a child ended, in words; for the report.
  struct Death: Error {
    var reason: String
    /// It fell over a file, as against being given up.
    var isCrash = false
    /// It was not the file: a store that did not answer, or a system without a process to give.
    var mayPass = false
  }

  private let process: pid_t
  private let pipe: MessagePipe
  /// Whether the system has been asked how it ended: its number may by now be another's.
  private var isCollected = false

  init(_ program: Program) throws(Death) {
    var ends: [Int32] = [-1, -1]
    // Both ends are ours alone until the child gets its own as descriptor 0.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw Death(reason: "no socket for a reader: \(String(cString: strerror(errno)))", mayPass: true)
    }
    var process = pid_t()
    let failure = Self.spawn(program, socket: ends[1], &process)
    close(ends[1])
    guard failure == 0 else {
      close(ends[0])
      throw Death(reason: "cannot start a reader: \(String(cString: strerror(failure)))", mayPass: true)
    }
    self.process = process
    pipe = MessagePipe(socket: ends[0])
  }

  private static func spawn(_ program: Program, socket: Int32, _ process: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, 0)
    // What anybody prints, such as glibc's complaint about a damaged heap, is for nobody: the report says that it crashed.
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A daemon's blocked signals are not the child's.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let arguments: [UnsafeMutablePointer<CChar>?] =
      ([program.executable] + program.arguments).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // A trap of ours is a crash like any other: Swift's own report of it takes seconds, and nobody reads it.
    let environment: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
    defer { for variable in environment { free(variable) } }
    return posix_spawn(&process, program.executable, &actions, &attributes, arguments, environment)
  }

  private static let environment: [String] = {
    var variables = ["SWIFT_BACKTRACE=enable=no"]
    var next = environ
    while let variable = next.pointee {
      let text = String(cString: variable)
      if !text.hasPrefix("SWIFT_BACKTRACE=") { variables.append(text) }
      next += 1
    }
    return variables
  }()

  /// Has a file looked at.
  ///
  /// - Parameter milliseconds: how long that may take.
  /// - Throws: ``Death`` where the child did not survive; it is of no more use then.
  mutating func inspect(_ path: String, milliseconds: Int) throws(Death) -> FileFindings {
    do throws(MessagePipe.Failure) {
      try pipe.send(Array(path.utf8))
      let message = try pipe.receive(milliseconds: milliseconds)
      if let findings = try? FileFindings(wire: message) { return findings }
      throw .garbled
    } catch {
      switch error {
      case .timedOut:
        throw Death(reason: "reading it was given up after \(milliseconds / 1000) seconds", mayPass: true)
      case .garbled: throw Death(reason: "the process that read it lost its mind")
      case .closed: throw Death(reason: "the process that read it crashed (\(cause()))", isCrash: true)
      }
    }
  }

  /// What killed a child that has closed its end.
  private mutating func cause() -> String {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return "for an unknown reason" }
    }
    isCollected = true
    let number = status & 0x7F
    guard number != 0 else { return "exit status \(status >> 8 & 0xFF)" }
    if number == SIGXCPU { return "it used more processor time than any sound file does" }
    return "signal \(number), \(strsignal(number).map { String(cString: $0) } ?? "unknown")"
  }

  deinit {
    close(pipe.socket)
    guard !isCollected else { return }
    kill(process, SIGKILL)
    // A child that is stuck in the kernel cannot be killed until its read comes back: it is not waited for longer than that takes
    // elsewhere, and the system collects it when we end.
    for _ in 0..<200 {
      if waitpid(process, nil, WNOHANG) != 0 { return }
      usleep(1000)
    }
  }
}
