internal import CFuse
import Glibc

/// What signals do to a process with a mount, whose end without an unmount would leave a dead mount.
public enum Signals {
  /// TERM, INT and HUP, which end a mount.
  private static let ending = [SIGTERM, SIGINT, SIGHUP]
  /// USR1, which has a daemon tell in its log what it has done.
  static let telling = SIGUSR1
  /// The signal that gets a worker out of its read from /dev/fuse. One without a name: others are sent to processes from outside,
  /// and would interrupt a worker's read of the run.
  static let wake = __libc_current_sigrtmin() + 1
  /// Signals that end a process by default, though they say nothing of its state: they were meant for another one.
  private static let stray = [
    SIGUSR1, SIGUSR2, SIGALRM, SIGQUIT, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXFSZ,
  ]

  /// Blocks TERM, INT, HUP (and PIPE) in the calling thread and all it will start, and makes stray signals harmless. To be called
  /// by a command that serves with `handlingSignals` before it starts any thread of its own: a signal must not find a thread to end
  /// the process in.
  public static func prepareToServe() {
    var set = Self.set(ending + [SIGPIPE, telling])
    pthread_sigmask(SIG_BLOCK, &set, nil)
    for signal in stray { _ = cfuse_make_harmless(signal, 1) }
    // A process that ignores it does not learn how its children end.
    signal(SIGCHLD, SIG_DFL)
  }

  /// Gives all signals their default action and blocks none, whatever the caller has left to the process.
  static func reset() {
    // The C library keeps the first real-time ones to itself, and refuses.
    for number in 1...Int32(64) where number != SIGKILL && number != SIGSTOP { signal(number, SIG_DFL) }
    var none = set([])
    pthread_sigmask(SIG_SETMASK, &none, nil)
  }

  /// Runs `body` with the same signals blocked, and puts the calling thread's mask back.
  static func whileBlocked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    var set = Self.set(ending + [SIGPIPE, telling])
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &set, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }

  /// Makes `wake` interrupt a system call and nothing else; once for the process.
  static let makeWakeHarmless: Void = {
    _ = cfuse_make_harmless(wake, 0)
  }()

  /// Lets `wake` reach the calling thread: one started from a thread of Dispatch's pool inherits a mask that blocks everything.
  static func unblockWake() {
    var set = Self.set([wake])
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// A descriptor from which the ending signals can be read, and the one that asks for statistics.
  static func endingDescriptor() throws(Errno) -> Descriptor {
    var set = Self.set(ending + [telling])
    return try Descriptor(signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)))
  }

  private static func set(_ signals: [Int32]) -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    return set
  }
}

/// Owner of a file descriptor.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  /// Takes what a system call returned; throws the thread's `errno` if that is negative.
  init(_ number: Int32) throws(Errno) {
    guard number >= 0 else { throw .current }
    self.number = number
  }

  deinit { close(number) }
}
