internal import CFuse
import Glibc

/// Signal masks of the threads of a mount.
public enum Signals {
  /// TERM, INT and HUP, which end a mount.
  private static let ending = [SIGTERM, SIGINT, SIGHUP]
  /// The signal that gets a worker out of its read from /dev/fuse.
  static let wake = SIGUSR1

  /// Blocks TERM, INT, HUP (and PIPE) in the calling thread and all it will start. To be called by a command that serves with
  /// `handlingSignals` before it starts any thread of its own: a signal must not find a thread to end the process in.
  public static func block() {
    var set = Self.set(ending + [SIGPIPE])
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Runs `body` with the same signals blocked, and puts the calling thread's mask back.
  static func whileBlocked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    var set = Self.set(ending + [SIGPIPE])
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &set, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }

  /// Makes `wake` interrupt a system call and nothing else; once for the process.
  static let makeWakeHarmless: Void = {
    _ = cfuse_let_interrupt(wake)
  }()

  /// Lets `wake` reach the calling thread: one started from a thread of Dispatch's pool inherits a mask that blocks everything.
  static func unblockWake() {
    var set = Self.set([wake])
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// A descriptor from which the ending signals can be read.
  static func endingDescriptor() throws(Errno) -> Descriptor {
    var set = Self.set(ending)
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
