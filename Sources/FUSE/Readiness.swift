import Glibc
import Synchronization

/// The child's end of `Daemon.start`: says once, from any thread, whether it has started. What is said later goes nowhere.
public final class Readiness: Sendable {
  static let success = UInt8(ascii: "s")
  static let failure = UInt8(ascii: "f")

  private let pipe: Mutex<Int32?>

  init(pipe: Int32) { self.pipe = Mutex(pipe) }

  /// It runs: the parent returns `message`, and input, output and errors of this process go to /dev/null from now on.
  public func succeed(_ message: String) {
    if say(Self.success, message) { Daemon.silence() }
  }

  /// It cannot run, and should exit after this: the parent returns `message`.
  public func fail(_ message: String) {
    _ = say(Self.failure, message)
  }

  private func say(_ kind: UInt8, _ message: String) -> Bool {
    guard let pipe = pipe.withLock({ $0.take() }) else { return false }
    let line = [kind] + message.utf8.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 } + [UInt8(ascii: "\n")]
    // No SIGPIPE worth dying of: the parent may have given up. `write` to a pipe of a message below 4 KiB is not cut.
    Signals.whileBlocked { _ = write(pipe, line, line.count) }
    close(pipe)
    return true
  }
}

extension Readiness {
  /// Writes `s` to a descriptor that whoever started us waits at, and closes it. False if that fails.
  @discardableResult
  public static func notify(descriptor: Int32) -> Bool {
    var byte = success
    let isWritten = write(descriptor, &byte, 1) == 1
    close(descriptor)
    return isWritten
  }

  /// Tells systemd (`Type=notify`) by one datagram to $NOTIFY_SOCKET. False if there is no such socket or it does not take it.
  @discardableResult
  public static func notifySystemd(_ state: String = "READY=1") -> Bool {
    guard let variable = getenv("NOTIFY_SOCKET") else { return false }
    return notify(socket: String(cString: variable), state)
  }

  /// One datagram to the socket at `path`; `@` in front stands for the abstract name space.
  static func notify(socket path: String, _ state: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = Array(path.utf8)
    guard !name.isEmpty, name.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      bytes.copyBytes(from: name)
      if name[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    }
    let length = MemoryLayout<sa_family_t>.size + name.count + (name[0] == UInt8(ascii: "@") ? 0 : 1)
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return withUnsafeBytes(of: &address) { bytes in
      guard let target = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
      return sendto(descriptor, state, state.utf8.count, Int32(MSG_NOSIGNAL), target, socklen_t(length)) >= 0
    }
  }
}
