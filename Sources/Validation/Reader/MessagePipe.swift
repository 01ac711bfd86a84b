internal import Glibc

/// Messages over a pair of pipes: a length of eight bytes, then as many bytes.
struct MessagePipe {
  let input: Int32
  let output: Int32

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

  /// A reader that has died is an error here. The signal that would end the program with it is held back on this thread, and
  /// taken away if it came.
  private func write(_ bytes: [UInt8]) throws(Failure) {
    var pipe = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    defer {
      if sigismember(&before, SIGPIPE) == 0 {
        var now = timespec()
        while sigtimedwait(&pipe, nil, &now) > 0 {}
        pthread_sigmask(SIG_SETMASK, &before, nil)
      }
    }
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(output, $0.baseAddress.map { $0 + done }, bytes.count - done) }
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
        var wait = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
        let ready = poll(&wait, 1, Int32(clamping: milliseconds))
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { throw .timedOut }
      }
      let got = bytes.withUnsafeMutableBytes { Glibc.read(input, $0.baseAddress.map { $0 + done }, count - done) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw .closed }
      done += got
    }
    return bytes
  }
}
