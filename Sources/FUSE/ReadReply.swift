internal import CFuse
import Glibc

/// The duty to answer one read. It can be handed to another thread; it cannot be answered twice, and if it is dropped unanswered the
/// reader gets EIO.
///
/// It is safe to hold beyond the end of the session: the session's memory stays until the last reply is gone.
public struct ReadReply: ~Copyable, @unchecked Sendable {
  // Unchecked: libfuse takes a request's reply from any thread, and as the value cannot be copied only one thread at a time has it.
  private let request: OpaquePointer
  private let connection: Unmanaged<Connection>
  /// How many bytes the reader asked for; whatever is sent beyond them is left out.
  public let count: Int

  init(_ request: OpaquePointer, _ connection: Connection, count: Int) {
    self.request = request
    self.connection = .passRetained(connection)
    self.count = count
  }

  deinit {
    fuse_reply_err(request, EIO)
    connection.release()
  }

  /// Whether the reader got a signal and no longer waits; a long wait may then end with `fail(.interrupted)`. Takes a lock.
  ///
  /// The kernel's message comes through a worker thread: it is not seen while every worker is busy.
  public var isInterrupted: Bool { fuse_req_interrupted(request) != 0 }

  /// Answers with bytes, which can be reused as soon as this returns. Fewer than `count` mean the end of the file.
  public consuming func send(_ bytes: UnsafeRawBufferPointer) {
    fuse_reply_buf(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), min(bytes.count, count))
    connection.release()
    discard self
  }

  /// Answers with several stretches of bytes, in this order, without putting them together in memory first.
  public consuming func send(pieces: some Collection<UnsafeRawBufferPointer>) {
    // The kernel takes 1024 vectors (IOV_MAX), of which libfuse fills the first.
    if pieces.count < 1024 {
      replyVector(pieces)
    } else {
      replyCopy(pieces)
    }
    connection.release()
    discard self
  }

  /// Answers with an error.
  public consuming func fail(_ error: Errno) {
    fuse_reply_err(request, error.rawValue)
    connection.release()
    discard self
  }

  private borrowing func replyVector(_ pieces: some Collection<UnsafeRawBufferPointer>) {
    let request = request
    let count = count
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: max(pieces.count, 1)) { vectors in
      var used = 0
      var left = count
      for piece in pieces where left > 0 && !piece.isEmpty {
        let length = min(piece.count, left)
        vectors.initializeElement(
          at: used, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: length))
        used += 1
        left -= length
      }
      fuse_reply_iov(request, vectors.baseAddress, Int32(used))
    }
  }

  private borrowing func replyCopy(_ pieces: some Collection<UnsafeRawBufferPointer>) {
    let request = request
    let count = count
    let total = pieces.reduce(0) { min($0 + $1.count, count) }
    withUnsafeTemporaryAllocation(byteCount: total, alignment: 64) { whole in
      var used = 0
      for piece in pieces where used < total {
        let part = UnsafeRawBufferPointer(rebasing: piece.prefix(total - used))
        UnsafeMutableRawBufferPointer(rebasing: whole[used...]).copyMemory(from: part)
        used += part.count
      }
      fuse_reply_buf(request, whole.baseAddress?.assumingMemoryBound(to: CChar.self), used)
    }
  }
}
