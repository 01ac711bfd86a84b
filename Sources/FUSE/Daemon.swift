internal import CFuse
import Glibc

/// Going into the background, with the parent waiting until the child has said whether it started.
public enum Daemon {
  /// What became of the start.
  public enum Outcome: Sendable, Hashable {
    /// The child runs on in the background; what it said.
    case succeeded(String)
    /// The child said why it cannot.
    case failed(String)
    /// The child ended without a word: its exit status, 128 + n if signal n ended it.
    case died(status: Int32)
    /// The child said nothing in time and has been sent SIGTERM.
    case timedOut
  }

  /// Forks; the child becomes leader of a session of its own, runs `body` and exits with the status that returns, so this never
  /// returns there. The parent waits, for at most `timeout` seconds, for what the child tells `Readiness`, and prints nothing.
  ///
  /// The child keeps nothing of its caller's: its working directory is `/`, so paths have to be absolute, signals have their
  /// default actions, and descriptors are closed, but for 0 to 2 (until ``Readiness/succeed(_:)``) and those in `keeping`.
  ///
  /// To be called before the process has any other thread: of those the child would have only the locks they hold. Throws if the
  /// system cannot fork.
  public static func start(
    timeout: Int, keeping: [Int32] = [], body: (Readiness) -> Int32
  ) throws(Errno) -> Outcome {
    // Else a file of the child's would get number 1, and be overwritten by what is printed.
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .current }
    // Without pipe2 (which Swift does not see) there is no gap for another thread's exec, as there is no other thread.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = cfuse_fork()
    if child == 0 {
      leaveCaller(keeping: keeping + [ends[1]])
      exit(onNewThread { body(Readiness(pipe: ends[1])) })
    }
    let failure = Errno.current
    close(ends[1])
    defer { close(ends[0]) }
    guard child > 0 else { throw failure }
    return outcome(of: child, from: ends[0], timeout: timeout)
  }

  /// Runs `body` on a thread that was made after the fork, while this one waits, and lets no signal come to this one.
  ///
  /// Swift's runtime remembers each thread's number. The thread that has forked goes on in the child with the number that it has in the
  /// parent, and the lock that guards lazy globals (a futex that knows its owner by that number) then spins for ever as soon as a second
  /// thread wants it: seen with 6.3.1, in one mount of a dozen.
  private static func onNewThread(_ body: () -> Int32) -> Int32 {
    var all = sigset_t()
    sigfillset(&all)
    var before = sigset_t()
    pthread_sigmask(SIG_SETMASK, &all, &before)
    return withoutActuallyEscaping(body) { body in
      let errand = Errand(body, mask: before)
      guard let worker = try? Worker.start({ errand.run() }) else { return 1 }
      pthread_join(worker.thread, nil)
      return errand.status
    }
  }

  private final class Errand: @unchecked Sendable {
    // Unchecked: the thread that makes it waits until the one that runs it has ended.
    private let body: () -> Int32
    private var mask: sigset_t
    private(set) var status: Int32 = 1

    init(_ body: @escaping () -> Int32, mask: sigset_t) {
      self.body = body
      self.mask = mask
    }

    func run() {
      pthread_sigmask(SIG_SETMASK, &mask, nil)
      status = body()
    }
  }

  /// Lets go of what was inherited: the caller's terminal, directory, descriptors and signals.
  static func leaveCaller(keeping: [Int32]) {
    setsid()
    chdir("/")
    // A lock is held, and a pipeline does not end, as long as any process has the descriptor.
    for number in (SystemFile.names(in: "/proc/self/fd") ?? []).compactMap({ Int32($0) })
    where number > 2 && !keeping.contains(number) { close(number) }
    Signals.reset()
  }

  /// Has input, output and errors go to /dev/null.
  static func silence() {
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard null >= 0 else { return }
    for number: Int32 in 0...2 { dup2(null, number) }
    if null > 2 { close(null) }
  }

  private static func outcome(of child: pid_t, from pipe: Int32, timeout: Int) -> Outcome {
    var line: [UInt8] = []
    let deadline = Clock.milliseconds() + timeout * 1000
    while line.last != UInt8(ascii: "\n") {
      let rest = deadline - Clock.milliseconds()
      var wait = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
      guard rest > 0, poll(&wait, 1, Int32(clamping: rest)) != 0 else {
        kill(child, SIGTERM)
        return .timedOut
      }
      var byte: UInt8 = 0
      let count = read(pipe, &byte, 1)
      if count == 0 { return .died(status: status(of: child)) }
      if count > 0 { line.append(byte) }
    }
    let message = String(decoding: line.dropFirst().dropLast(), as: UTF8.self)
    return line.first == Readiness.success ? .succeeded(message) : .failed(message)
  }

  private static func status(of child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else { return -1 }
    }
    return Process.exitStatus(status)
  }
}

/// Time that only goes forward.
enum Clock {
  static func milliseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }
}
