internal import Glibc
internal import Synchronization

/// Memory for replies, used again and again (fresh memory costs more than the copy).
final class ReplyBuffers: Sendable {
  private struct Free: @unchecked Sendable {
    // Unchecked: buffers that nobody else refers to while they are in here.
    var buffers: [UnsafeMutableRawBufferPointer] = []
  }
  private let free = Mutex(Free())
  /// One FUSE request at most.
  private static let size = 1 << 20
  /// More threads than this answer reads at a time only where reads hang; what they had is given back.
  private static let most = 64

  func take(_ count: Int) -> UnsafeMutableRawBufferPointer? {
    if count <= Self.size, let known = free.withLock({ Box($0.buffers.popLast()) }).buffer { return known }
    var pointer: UnsafeMutableRawPointer?
    let size = max(count, Self.size)
    guard posix_memalign(&pointer, 4096, size) == 0 else { return nil }
    return UnsafeMutableRawBufferPointer(start: pointer, count: size)
  }

  func give(back buffer: UnsafeMutableRawBufferPointer) {
    let box = Box(buffer)
    let isKept = free.withLock { free in
      guard let buffer = box.buffer, buffer.count == Self.size, free.buffers.count < Self.most else { return false }
      free.buffers.append(buffer)
      return true
    }
    if !isKept { Glibc.free(buffer.baseAddress) }
  }

  /// Carries a buffer through the lock's closure; it has one owner at any time.
  private struct Box: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer?
    init(_ buffer: UnsafeMutableRawBufferPointer?) { self.buffer = buffer }
  }
}
