internal import Glibc
internal import Synchronization
internal import Threads

/// Keeps reads away from files whose bytes may not come for days.
///
/// Asked before a file is opened, under the lock of libhdf5, so it never asks dCache there: the answers are fetched beforehand by
/// ``prefetch(_:)``, and renewed behind the back of whoever asks. On an ordinary file system that is one `open` that fails per file
/// (3 microseconds on ext4), which is why no list of mount points is kept: wherever the magic name answers there is a dCache.
public final class LocalityGuard: Sendable {
  private struct Entry {
    var locality: FileLocality
    /// Of the monotonic clock, in seconds.
    var time: Int
    var isBeingRenewed = false
  }
  private let entries = Mutex<[String: Entry]>([:])
  private let query: LocalityQuery

  /// Files move between disk and tape within hours; what was refused is asked for again soon, as somebody may be staging it.
  private static let validity = 600
  private static let validityOfRefusal = 10

  public init(_ query: LocalityQuery) { self.query = query }

  /// Asks for files at once. Takes as long as the query's limit at the most for each round of them; not to be called under a lock.
  @discardableResult
  public func prefetch(_ paths: [String]) -> [FileLocality] {
    let localities = query.locate(paths)
    let now = Self.now()
    entries.withLock { entries in
      for (path, locality) in zip(paths, localities) { entries[path] = Entry(locality: locality, time: now) }
    }
    return localities
  }

  /// Why a file must not be read now; nil where it may. Never waits.
  ///
  /// A file that was never asked for, and one that is not on a dCache, may.
  public func obstacle(to path: String) -> String? {
    let now = Self.now()
    let (locality, mustRenew) = entries.withLock { entries -> (FileLocality?, Bool) in
      guard let entry = entries[path] else { return (nil, false) }
      guard entry.locality != .notOnDCache, !entry.isBeingRenewed else { return (entry.locality, false) }
      let validity = entry.locality.obstacle == nil ? Self.validity : Self.validityOfRefusal
      guard now - entry.time > validity else { return (entry.locality, false) }
      entries[path]?.isBeingRenewed = true
      return (entry.locality, true)
    }
    if mustRenew, !Thread.start({ [self] in prefetch([path]) }) {
      entries.withLock { $0[path]?.isBeingRenewed = false }
    }
    return locality?.obstacle
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec
  }
}
