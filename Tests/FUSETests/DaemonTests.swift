import Glibc
import Testing

@testable import FUSE

/// Each in a process of its own, as a test process with many threads is no place to fork in.
@Suite struct DaemonTests {
  @Test func success() async {
    await #expect(processExitsWith: .success) {
      let outcome = try Daemon.start(timeout: 10) { ready in
        ready.succeed("mounted\nhere")
        ready.fail("not any more")
        return 0
      }
      #expect(outcome == .succeeded("mounted here"))
      guard outcome == .succeeded("mounted here") else { exit(3) }
    }
  }

  @Test func failure() async {
    await #expect(processExitsWith: .success) {
      let outcome = try Daemon.start(timeout: 10) { ready in
        ready.fail("no such run")
        return 1
      }
      guard outcome == .failed("no such run") else { exit(3) }
    }
  }

  @Test func death() async {
    await #expect(processExitsWith: .success) {
      guard try Daemon.start(timeout: 10, body: { _ in 42 }) == .died(status: 42) else { exit(3) }
      let outcome = try Daemon.start(timeout: 10) { _ in
        kill(getpid(), SIGKILL)
        return 0
      }
      guard outcome == .died(status: 128 + SIGKILL) else { exit(4) }
    }
  }

  @Test func timeout() async {
    await #expect(processExitsWith: .success) {
      let outcome = try Daemon.start(timeout: 1) { _ in
        // The pool's threads block every signal.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        sleep(20)
        return 0
      }
      guard outcome == .timedOut else { exit(3) }
    }
  }

  @Test func notifications() throws {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    #expect(Readiness.notify(descriptor: ends[1]))
    var byte: UInt8 = 0
    #expect(read(ends[0], &byte, 1) == 1 && byte == UInt8(ascii: "s"))
    close(ends[0])

    let directory = try Mounted.makeDirectory()
    let path = directory + "/socket"
    let server = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer {
      close(server)
      unlink(path)
      rmdir(directory)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafeBytes(of: &address) {
      bind(server, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    #expect(bound == 0)
    #expect(Readiness.notify(socket: path, "READY=1"))
    var message = [UInt8](repeating: 0, count: 100)
    #expect(recv(server, &message, 100, 0) == 7)
    #expect(message.starts(with: "READY=1".utf8))
    #expect(!Readiness.notify(socket: directory + "/none", "READY=1"))
  }
}
