internal import CFuse
import Glibc
import Synchronization
internal import Threads

/// Owner of a `fuse_session` and of what its callbacks need. Workers and whatever works for a request hold it: the session is
/// destroyed, and with it the descriptor of /dev/fuse closed, when the last of them lets go.
final class Connection: @unchecked Sendable {
  // Unchecked because of `pointer`: it is written once in `init`, before any other thread can have the object, and libfuse takes
  // receive, process, exit and replies of one session from any thread.
  private var pointer: OpaquePointer?
  let fileSystem: any FileSystem
  let options: MountOptions

  let openFiles = OpenFiles()
  /// Which threads answer reads.
  let reads = ReadScheduler()
  /// How many requests threads other than the workers, or workers in the middle of a read, are at, the interrupted ones included.
  let underway = Atomic(0)
  /// Callers that have got a signal.
  let interruptions = Interruptions()
  /// Threads for requests that have to wait: one each, as what one waits for may never come.
  private let waiting = ElasticPool(
    regular: Connection.mostWaiting, most: Connection.mostWaiting, waiting: 0, patience: 0)

  /// More processes than this that wait at a time are a mistake of somebody's; the next one is told to come again.
  private static let mostWaiting = 1024

  /// INIT has come in; its answer is out when the worker that got it returns from processing.
  let isInitialized = Atomic(false)
  /// The kernel lets files with direct I/O be mapped into memory.
  let mapsDirectIO = Atomic(false)
  /// The `unique` number of the INIT request whose answer `InitAnswer` is to change, 0 if there is none, and the flags to be added.
  let initRequest = Atomic<UInt64>(0)
  let initFlags = Atomic<UInt64>(0)
  private let isAnnounced = Atomic(false)

  /// Makes the session; nothing is mounted yet.
  init(_ fileSystem: any FileSystem, options: MountOptions) throws(MountError) {
    self.fileSystem = fileSystem
    self.options = options
    var operations = Callbacks.table()
    let words = ["xfelfs", "-o", options.libraryList]
    let arguments = words.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    let userData = Unmanaged.passUnretained(self).toOpaque()
    let (session, log) = LibraryLog.capture {
      var vector = arguments
      return vector.withUnsafeMutableBufferPointer { vector in
        var list = fuse_args(argc: Int32(vector.count), argv: vector.baseAddress, allocated: 0)
        defer { fuse_opt_free_args(&list) }
        return fuse_session_new(&list, &operations, MemoryLayout<fuse_lowlevel_ops>.size, userData)
      }
    }
    guard let session else { throw MountError("cannot start a FUSE session: \(log)") }
    pointer = session
  }

  deinit {
    // Not `fuse_session_unmount`: it would unmount whatever lies at the path by now. `Session` has detached our own mount.
    // (libfuse 3.14 then keeps its copy of the path, a few bytes a session.)
    if let pointer { fuse_session_destroy(pointer) }
  }

  /// The `fuse_session`.
  var session: OpaquePointer {
    guard let pointer else { preconditionFailure("a connection without a session does not leave its initializer") }
    return pointer
  }

  /// Whether the kernel still has a mount that asks us; false once that is unmounted for good, or its connection was cut.
  var isConnected: Bool {
    var state = pollfd(fd: fuse_session_fd(session), events: 0, revents: 0)
    while poll(&state, 1, 0) < 0 { guard errno == EINTR else { return false } }
    return state.revents & Int16(POLLERR) == 0
  }

  /// True the first time.
  func announceOnce() -> Bool { !isAnnounced.exchange(true, ordering: .relaxed) }

  /// Answers a request at once where that takes nothing but memory, else by a thread that may wait.
  func answer(_ request: OpaquePointer, _ operation: Operation) {
    let process = knownProcess(request)
    let watch = RequestWatch(operation, fileSystem)
    do throws(Refusal) {
      let context = Request(mayWait: false, caller: process?.caller)
      let answer = try context.run { () throws(Refusal) in try operation.answer(from: fileSystem) }
      answer.send(to: request, self)
      watch.end("done")
    } catch {
      switch error {
      case .error(let error):
        fuse_reply_err(request, error.rawValue)
        watch.end("errno \(error.rawValue)")
      case .mustWait:
        Counters.count(.waits)
        wait(Duty(request, self), operation, process, watch)
      }
    }
  }

  private func wait(_ duty: Duty, _ operation: Operation, _ process: CallingProcess?, _ watch: RequestWatch) {
    let isTaken = waiting.submit { [self] in
      do throws(Refusal) {
        let context = Request(isInterrupted: { duty.isInterrupted }, caller: process?.caller)
        let answer = try context.run { () throws(Refusal) in try operation.answer(from: fileSystem) }
        if !duty.answer({ answer.send(to: $0, self) }) { answer.takeBack(from: fileSystem) }
        watch.end("done, after it was waited for")
      } catch {
        switch error {
        case .error(let error):
          duty.fail(error)
          watch.end("errno \(error.rawValue), after it was waited for")
        case .mustWait: duty.fail(.tryAgain)
        }
      }
    }
    if !isTaken { duty.fail(.tryAgain) }
  }

  /// Has a read answered, at once or by a thread that may wait.
  /// - Parameter fillsCache: whether it is for the page cache, as against a buffer of the caller.
  func read(_ file: any OpenFile, at offset: Int64, count: Int, fillsCache: Bool, _ request: OpaquePointer) {
    let mayWait = !file.isInMemory
    let duty = Duty(request, self, fillsCache ? .untilEnd(CallingProcess(request)) : .untilSignal)
    let watch = RequestWatch(reading: count, at: offset, fileSystem)
    let isTaken = reads.run(mayWait: mayWait) {
      defer { watch.end("done") }
      Request(mayWait: mayWait, isInterrupted: { duty.isInterrupted }, caller: file.opener).run {
        file.read(at: offset, count: count, reply: ReadReply(duty, count: count))
      }
    }
    if !isTaken { duty.fail(.tryAgain) }
  }

  /// The process that asks; nil where the mount is this user's alone.
  private func knownProcess(_ request: OpaquePointer) -> CallingProcess? {
    options.allowsOther ? CallingProcess(request) : nil
  }

  /// The connection a request came in by.
  static func of(_ request: OpaquePointer?) -> Connection {
    // libfuse hands back the user data of `fuse_session_new`, and the worker that called libfuse holds the connection.
    Unmanaged<Connection>.fromOpaque(fuse_req_userdata(request)).takeUnretainedValue()
  }
}
