internal import CFuse
import Glibc

/// Running another program.
enum Process {
  /// Runs a program from PATH and waits for it: its exit status, 128 and more if a signal ended it.
  static func run(_ words: [String]) throws(Errno) -> Int32 {
    var process = pid_t()
    let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    // A daemon's blocked signals would otherwise go on to the program, which could then not be interrupted.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let failure = posix_spawnp(&process, words[0], nil, &attributes, arguments, environ)
    guard failure == 0 else { throw Errno(rawValue: failure) }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw .current }
    }
    return exitStatus(status)
  }

  /// What `waitpid` reported, as a shell counts it.
  static func exitStatus(_ status: Int32) -> Int32 {
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }
}
