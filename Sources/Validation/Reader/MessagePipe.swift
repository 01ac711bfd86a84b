internal import Glibc

/// Messages over a socket, from one process to another: a length of eight bytes, then as many bytes.
struct MessagePipe {
  let socket: Int32

  /// A message that is longer is garbage: train ids and source names of one file take a megabyte.
  private static let longest: UInt64 = 1 << 30

  enum Failure: Error {
    /// The other side is gone.
    case closed
    case timedOut
    case garbled
  }

  func send(_ message: [UInt8]) throws(Failure) {
    let header = withUnsafeBytes(of: UInt64(message.count).littleEndian) { Array($0) }
    try write(header)
    try write(message)
  }

  /// - Parameter milliseconds: how long to wait for each part of it; nil for ever.
  func receive(milliseconds: Int? = nil) throws(Failure) -> [UInt8] {
    let header = try read(8, milliseconds)
    let length = header.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.longest else { throw .garbled }
    return try read(Int(length), milliseconds)
  }

  /// The other side may have died: an error of ours, and not the end of the mount by SIGPIPE.
  private var noSignal: Int32 { Int32(MSG_NOSIGNAL) }

  private func write(_ bytes: [UInt8]) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + done }, bytes.count - done, noSignal)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .closed }
      done += count
    }
  }

  private func read(_ count: Int, _ milliseconds: Int?) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      if let milliseconds {
        var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        let ready = poll(&wait, 1, Int32(clamping: milliseconds))
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { throw .timedOut }
      }
      let got = bytes.withUnsafeMutableBytes { Glibc.read(socket, $0.baseAddress.map { $0 + done }, count - done) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw .closed }
      done += got
    }
    return bytes
  }
}
