internal import CIsolation
internal import Glibc
internal import Threads
internal import Wire

/// A worker process, from its client's side. Starting one takes 10 ms, asking it for something 30 µs.
final class WorkerProcess: @unchecked Sendable {
  // Unchecked: whoever has taken it out of the pool is the only one to use it.

  /// How a request to it ended, where it did not end with an answer. The process is of no more use then.
  enum Failure: Error {
    /// It died: how, in words.
    case died(String)
    /// It used more processor time than a request may.
    case overran
    case interrupted
  }

  private let process: pid_t
  private let socket: Int32
  private var isCollected = false
  /// The files it was asked for last, the latest at the end: they are open there.
  private(set) var files: [String] = []

  /// As many as a worker keeps open.
  private static let mostFiles = 16
  /// How often a waiting client looks whether it should go on waiting.
  private static let milliseconds: Int32 = 20
  /// Seconds of processor time for one request. Listing 55,000 keys takes two; a file over all of them, 20.
  private static func mostSeconds(for request: FileServer.Request) -> Double {
    switch request {
    case .questions: return 4
    case .making: return 120
    // As long as the data take.
    case .writing: return .infinity
    }
  }
  /// A longer message is garbage: the largest block has 256 MiB.
  private static let longestMessage: UInt64 = 512 << 20

  /// - Throws: ``PassingError`` where the system has no process or socket to give.
  init(_ program: WorkerProgram, for file: String) throws(PassingError) {
    func failure(_ errno: Int32) -> PassingError {
      PassingError(
        .worker, file: file, reason: "a process to read it could not be started: \(String(cString: strerror(errno)))")
    }
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw failure(errno) }
    defer { close(ends[1]) }
    var process = pid_t()
    let error = Self.spawn(program, socket: ends[1], &process)
    guard error == 0 else {
      close(ends[0])
      throw failure(error)
    }
    self.process = process
    socket = ends[0]
  }

  deinit {
    close(socket)
    guard !isCollected else { return }
    kill(process, SIGKILL)
    AbandonedProcesses.shared.add(process)
  }

  private static func spawn(_ program: WorkerProgram, socket: Int32, _ process: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, 0)
    // What is printed there, such as glibc's complaint about a damaged heap, says less than the client does.
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The signals that a daemon blocks are not blocked in its workers.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // Ctrl-C in the terminal of a command is for the command, which then ends its workers.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETPGROUP))
    let arguments: [UnsafeMutablePointer<CChar>?] =
      ([program.executable] + program.arguments).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for variable in variables { free(variable) } }
    return posix_spawn(&process, program.executable, &actions, &attributes, arguments, variables)
  }

  /// Without Swift's own report of a crash, which takes seconds.
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

  /// Has a request answered.
  ///
  /// - Parameter open: opens what the worker wants opened; its descriptor is closed here once it has been sent.
  /// - Throws: ``Failure``.
  func answers(
    to request: FileServer.Request, _ open: (String) -> Result<IdentifiedFile, PassingError>
  ) throws(Failure) -> FileServer.Outcome {
    if case .questions(let file, _) = request { note(file.path) }
    var writer = WireWriter()
    request.write(to: &writer)
    var watch = Watch(mostSeconds: Self.mostSeconds(for: request))
    try write(withUnsafeBytes(of: UInt64(writer.bytes.count).littleEndian) { Array($0) } + writer.bytes, &watch)
    while true {
      let header = try read(9, &watch)
      let length = header[1...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard let kind = WorkerMessage(rawValue: header[0]), length <= Self.longestMessage else {
        throw .died("it said something that makes no sense")
      }
      let body = try read(Int(length), &watch)
      switch kind {
      case .answers: return .answered(body)
      case .failure:
        var reader = WireReader(body)
        guard let errno = (try? reader.integer()).flatMap({ Int32(exactly: $0) }) else {
          throw .died("it said something that makes no sense")
        }
        return .failed(errno: errno)
      case .open:
        switch open(String(decoding: body, as: UTF8.self)) {
        case .success(let opened):
          let status = cisolation_send_descriptor(socket, 0, opened.descriptor)
          close(opened.descriptor)
          guard status == 0 else { throw death() }
          var identity = WireWriter()
          opened.identity.write(to: &identity)
          try write(identity.bytes, &watch)
        case .failure(let error):
          guard cisolation_send_descriptor(socket, UInt8(clamping: max(1, error.openingErrno)), -1) == 0 else {
            throw death()
          }
        }
      }
    }
  }

  private func note(_ path: String) {
    files.removeAll { $0 == path }
    files.append(path)
    if files.count > Self.mostFiles { files.removeFirst() }
  }

  /// What is looked at while a worker is waited for.
  private struct Watch {
    var mostSeconds: Double
    /// Processor time of the worker when it was first looked at for this request.
    var begin: Double?
  }

  private func write(_ bytes: [UInt8], _ watch: inout Watch) throws(Failure) {
    var done = 0
    while done < bytes.count {
      guard try isReady(for: POLLOUT, &watch) else { continue }
      let count = bytes.withUnsafeBytes {
        send(
          socket, $0.baseAddress.map { $0 + done }, bytes.count - done,
          Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { throw death() }
      done += count
    }
  }

  /// Waits for a moment.
  /// - Returns: whether the socket can be read from or written to now.
  private func isReady(for events: Int32, _ watch: inout Watch) throws(Failure) -> Bool {
    var wait = pollfd(fd: socket, events: Int16(events), revents: 0)
    let ready = poll(&wait, 1, Self.milliseconds)
    if ready > 0 { return true }
    if ready < 0, errno == EINTR { return false }
    if Request.current.isInterrupted() { throw .interrupted }
    let used = processorTime()
    if used - (watch.begin ?? used) > watch.mostSeconds { throw .overran }
    watch.begin = watch.begin ?? used
    return false
  }

  private func read(_ count: Int, _ watch: inout Watch) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      guard try isReady(for: POLLIN, &watch) else { continue }
      let got = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress.map { $0 + done }, count - done, 0) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw death() }
      done += got
    }
    return bytes
  }

  /// The seconds that the worker has computed since it was started.
  private func processorTime() -> Double {
    var clock = clockid_t()
    var time = timespec()
    guard clock_getcpuclockid(process, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// What killed a worker that has closed its end.
  private func death() -> Failure {
    var status: Int32 = 0
    // It closes its end while it dies, which may take the kernel a moment.
    for _ in 0..<1000 {
      let found = waitpid(process, &status, WNOHANG)
      if found == process {
        isCollected = true
        let number = status & 0x7F
        guard number != 0 else { return .died("exit status \(status >> 8 & 0xFF)") }
        return .died("signal \(number), \(strsignal(number).map { String(cString: $0) } ?? "unknown")")
      }
      if found < 0, errno != EINTR { break }
      usleep(1000)
    }
    return .died("for an unknown reason")
  }
}
