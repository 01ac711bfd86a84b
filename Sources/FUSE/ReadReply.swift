internal import CFuse
import Glibc

/// The duty to answer one read. It can be handed to another thread; it cannot be answered twice, and if it is dropped unanswered the
/// reader gets EIO. A reader that gets a signal is answered by the module itself, with EINTR; what is sent after that is dropped.
///
/// It is safe to hold beyond the end of the session: the session's memory stays until the last reply is gone.
public struct ReadReply: ~Copyable, Sendable {
  private let duty: Duty
  /// How many bytes the reader asked for; whatever is sent beyond them is left out.
  public let count: Int

  init(_ duty: Duty, count: Int) {
    self.duty = duty
    self.count = count
  }

  deinit { duty.fail(.inputOutput) }

  /// Whether the reader got a signal and has been answered: the work can be left undone.
  public var isInterrupted: Bool { duty.isInterrupted }

  /// Answers with bytes, which can be reused as soon as this returns. Fewer than `count` mean the end of the file.
  public consuming func send(_ bytes: UnsafeRawBufferPointer) {
    let count = min(bytes.count, count)
    duty.answer { fuse_reply_buf($0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), count) }
  }

  /// Answers with several stretches of bytes, in this order, without putting them together in memory first.
  public consuming func send(pieces: some Collection<UnsafeRawBufferPointer>) {
    let count = count
    duty.answer { request in
      // The kernel takes 1024 vectors (IOV_MAX), of which libfuse fills the first.
      if pieces.count < 1024 {
        Self.replyVector(request, pieces, count)
      } else {
        Self.replyCopy(request, pieces, count)
      }
    }
  }

  /// Answers with an error.
  public consuming func fail(_ error: Errno) { duty.fail(error) }

  private static func replyVector(
    _ request: OpaquePointer, _ pieces: some Collection<UnsafeRawBufferPointer>, _ count: Int
  ) {
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

  private static func replyCopy(
    _ request: OpaquePointer, _ pieces: some Collection<UnsafeRawBufferPointer>, _ count: Int
  ) {
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
