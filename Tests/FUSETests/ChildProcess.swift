import FUSE
import Glibc

/// Another program, with every signal as it is by default.
struct ChildProcess {
  private let number: pid_t

  /// Starts a program from PATH.
  init(_ words: [String]) throws {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of the pool that tests run on block every signal.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var number = pid_t()
    let failure = posix_spawnp(&number, words[0], nil, &attributes, arguments, environ)
    guard failure == 0 else { throw Errno(rawValue: failure) }
    self.number = number
  }

  func send(_ signal: Int32) { kill(number, signal) }

  /// Waits for the end: the exit status, or 128 and the signal that ended it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(number, &status, 0) < 0 {
      guard errno == EINTR else { return -1 }
    }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }
}
