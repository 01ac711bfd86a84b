internal import Glibc
internal import Synchronization

/// Memory for one decoded chunk, given back to its pool when the last holder lets go.
final class Slab: @unchecked Sendable {
  // Unchecked: written by the one thread that made it before anybody else sees it, and only read from then on.
  let bytes: UnsafeMutableRawBufferPointer
  private let capacity: Int
  private let pool: SlabPool

  init(_ base: UnsafeMutableRawPointer, count: Int, capacity: Int, _ pool: SlabPool) {
    bytes = UnsafeMutableRawBufferPointer(start: base, count: count)
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.recycle(bytes.baseAddress.unsafelyUnwrapped, capacity: capacity) }
}

/// Buffers that are used again: writing to fresh memory costs four to five times as much as to memory that was touched before
/// (1.4-1.7 GB/s against 7-9, HDF5.md 0).
final class SlabPool: Sendable {
  private struct FreeBuffers: @unchecked Sendable {
    // Unchecked: the pointers are free buffers that nobody else refers to.
    var byCapacity: [Int: [UnsafeMutableRawPointer]] = [:]
    var bytes = 0
  }
  private let free = Mutex(FreeBuffers())
  private let mostFreeBytes: Int

  /// - Parameter mostFreeBytes: how much memory may lie idle.
  init(mostFreeBytes: Int) { self.mostFreeBytes = mostFreeBytes }

  /// A buffer of at least `count` bytes, with whatever was in it before.
  /// - Returns: nil when there is no memory.
  func slab(_ count: Int) -> Slab? {
    let capacity = Self.capacity(for: count)
    let recycled = free.withLock { free -> UncheckedPointer? in
      guard let pointer = free.byCapacity[capacity]?.popLast() else { return nil }
      free.bytes -= capacity
      return UncheckedPointer(pointer: pointer)
    }
    guard let pointer = recycled?.pointer ?? Self.allocate(capacity) else { return nil }
    return Slab(pointer, count: count, capacity: capacity, self)
  }

  fileprivate func recycle(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    let handed = UncheckedPointer(pointer: pointer)
    let isKept = free.withLock { free -> Bool in
      guard free.bytes + capacity <= mostFreeBytes else { return false }
      free.byCapacity[capacity, default: []].append(handed.pointer)
      free.bytes += capacity
      return true
    }
    if !isKept { Glibc.free(pointer) }
  }

  /// Hands a pointer into a lock's closure; it has one owner at any time.
  private struct UncheckedPointer: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }

  /// Powers of two and the steps half way: at most a third is wasted, and chunks of neighbouring sizes share a class.
  private static func capacity(for count: Int) -> Int {
    var capacity = 4096
    while capacity < count {
      if capacity + capacity / 2 >= count { return capacity + capacity / 2 }
      capacity *= 2
    }
    return capacity
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer? {
    var pointer: UnsafeMutableRawPointer?
    return posix_memalign(&pointer, 4096, capacity) == 0 ? pointer : nil
  }
}
