internal import Synchronization

/// Memory for one decoded chunk, given back to its pool when the last holder lets go.
package final class Slab: @unchecked Sendable {
  // Unchecked: written by the one thread that made it before anybody else sees it, and only read from then on.
  package let bytes: UnsafeMutableRawBufferPointer
  private let place: SlabPool.Place
  private let pool: SlabPool

  fileprivate init(_ place: SlabPool.Place, count: Int, _ pool: SlabPool) {
    bytes = UnsafeMutableRawBufferPointer(start: place.pointer, count: count)
    self.place = place
    self.pool = pool
  }

  deinit { pool.recycle(place) }
}

/// Buffers that are used again: writing to fresh memory costs four to five times as much as to memory that was touched before
/// (1.4-1.7 GB/s against 7-9, HDF5.md 0).
package final class SlabPool: Sendable {
  /// Memory for a slab, and what it is a part of.
  fileprivate struct Place: @unchecked Sendable {
    // Unchecked: a place has one owner at any time, the pool or a slab.
    let pointer: UnsafeMutableRawPointer
    let capacity: Int
    let region: SlabRegion
  }
  private struct FreePlaces {
    var byCapacity: [Int: [Place]] = [:]
    var bytes = 0
    /// Regions that have been touched and not been cut into slabs yet.
    var spare: [SlabRegion] = []
  }
  private let free = Mutex(FreePlaces())
  private let mostFreeBytes: Int

  /// - Parameter mostFreeBytes: how much memory may lie idle.
  package init(mostFreeBytes: Int) { self.mostFreeBytes = mostFreeBytes }

  /// A buffer of at least `count` bytes, with whatever was in it before.
  /// - Returns: nil when there is no memory.
  package func slab(_ count: Int) -> Slab? {
    let capacity = Self.capacity(for: count)
    let recycled = free.withLock { free -> Place? in
      guard let place = free.byCapacity[capacity]?.popLast() else { return nil }
      free.bytes -= capacity
      return place
    }
    guard let place = recycled ?? fresh(capacity) else { return nil }
    return Slab(place, count: count, self)
  }

  /// What one reader is in the middle of, with two cores.
  private static let preparedBytes = 8 << 20

  /// Touches some memory ahead of the first reader: masks came to him at 5.2 GB/s in place of 4.7, unfiltered arrays at 5.9 in place
  /// of 5.4 (medians of nine mounts).
  func prepare() {
    for _ in 0..<(min(Self.preparedBytes, mostFreeBytes) / SlabRegion.hugePage) {
      guard let region = SlabRegion(capacity: SlabRegion.hugePage) else { return }
      region.touch()
      free.withLock { $0.spare.append(region) }
    }
  }

  /// A place in a new region; the others in it are free.
  private func fresh(_ capacity: Int) -> Place? {
    let spare = capacity <= SlabRegion.hugePage ? free.withLock { $0.spare.popLast() } : nil
    guard let region = spare ?? SlabRegion(capacity: capacity) else { return nil }
    var places = region.places(capacity: capacity).map { Place(pointer: $0, capacity: capacity, region: region) }
    let first = places.isEmpty ? nil : places.removeFirst()
    // The first is taken first: what comes after may never be touched.
    let others = places.reversed()
    free.withLock { free in
      free.byCapacity[capacity, default: []].append(contentsOf: others)
      free.bytes += capacity * others.count
    }
    return first
  }

  fileprivate func recycle(_ place: Place) {
    free.withLock { free in
      guard free.bytes + place.capacity <= mostFreeBytes else { return }
      free.byCapacity[place.capacity, default: []].append(place)
      free.bytes += place.capacity
    }
  }

  /// Powers of two and the steps half way: at most a third is wasted, and chunks of neighbouring sizes share a class.
  private static func capacity(for count: Int) -> Int {
    var capacity = 4096
    while capacity < count {
      if capacity + capacity / 2 >= count { return capacity + capacity / 2 }
      capacity *= 2
    }
    return capacity
  }
}
