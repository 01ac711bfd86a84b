internal import ArrayIO
internal import Glibc
internal import HDF5
internal import Synchronization

/// Which files go through the kernel's page cache, and which past it.
///
/// Past it (FOPEN_DIRECT_IO) a megabyte takes one copy from the daemon to the reader; through it pages are allocated, filled and
/// copied again, which costs the first read three times the processor time (FUSE.md 4.3). What the page cache has, though, is
/// had at memory speed the second time, without inflating anything. So:
///
/// - small files and texts: through the cache;
/// - arrays whose bytes lie in the HDF5 files as they are: past it, always. The page cache has them already, as pages of those
///   files, and would hold them twice;
/// - arrays that have to be decoded: past it the first time, through it when they are opened again, unless they are so large
///   that they would push out everything else.
///
/// Mapping a file that is open past the cache needs kernel 6.6 and a flag that the session negotiates (FUSE.md 4.7); without it
/// everything goes through the cache, or `np.load(mmap_mode='r')` would fail.
final class CachingPolicy: Sendable {
  private let mayBeDirect = Atomic(false)
  /// How often each large decoded array was opened. A few bytes for each that ever was.
  private let openings = Mutex<[UInt64: Int]>([:])
  private let largestCached: Int

  private static let smallestDirect = 1 << 20

  init() {
    let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    largestCached = memory / 4
  }

  func allowDirectIO() { mayBeDirect.store(true, ordering: .relaxed) }

  /// Whether this opening of a file goes past the page cache.
  /// - Throws: ``HDF5/ReadError`` where the file cannot be asked how its data are stored.
  func isDirect(_ node: UInt64, _ source: any ByteSource) throws(ReadError) -> Bool {
    guard mayBeDirect.load(ordering: .relaxed), source.size >= Self.smallestDirect, source.longestWindow > 0 else {
      return false
    }
    guard try source.needsDecoding, source.size <= largestCached else { return true }
    let count = openings.withLock { openings in
      openings[node, default: 0] += 1
      return openings[node, default: 1]
    }
    return count == 1
  }
}
