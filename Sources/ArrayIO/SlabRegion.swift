internal import Glibc

/// Memory for some slabs of one size, in huge pages where the system has them: touching it for the first time then takes a fault
/// for 2 MiB in place of 512 (5 % of the time in which a mask of 268 MB was read). Given back when the last slab is gone.
final class SlabRegion: Sendable {
  private let address: UInt
  private let size: Int

  /// The size of a huge page on x86-64, and on ARM with pages of 4 KiB; and of a region of smaller slabs.
  static let hugePage = 2 << 20

  /// - Parameter capacity: bytes of one slab; as many as fit into a huge page, or one larger than that.
  /// - Returns: nil when there is no memory.
  init?(capacity: Int) {
    // Whole huge pages, and room for one more.
    guard !capacity.addingReportingOverflow(2 * Self.hugePage).overflow else { return nil }
    size = (capacity + Self.hugePage - 1) / Self.hugePage * Self.hugePage
    // A mapping is aligned to small pages only: one that is larger by a huge page has an aligned one inside.
    guard let mapped = mmap(nil, size + Self.hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapped != MAP_FAILED
    else { return nil }
    let start = UInt(bitPattern: mapped)
    let front = (UInt(Self.hugePage) - start % UInt(Self.hugePage)) % UInt(Self.hugePage)
    address = start + front
    if front > 0 { munmap(mapped, Int(front)) }
    munmap(UnsafeMutableRawPointer(bitPattern: address + UInt(size)), Self.hugePage - Int(front))
    madvise(UnsafeMutableRawPointer(bitPattern: address), size, MADV_HUGEPAGE)
  }

  deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), size) }

  /// Touches all of it, so that it is there when it is needed.
  func touch() {
    guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return }
    for offset in stride(from: 0, to: size, by: 4096) { base.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
  }

  /// Where slabs of this capacity begin.
  func places(capacity: Int) -> [UnsafeMutableRawPointer] {
    stride(from: 0, through: size - capacity, by: capacity).compactMap {
      UnsafeMutableRawPointer(bitPattern: address + UInt($0))
    }
  }
}
