import Synchronization
internal import Threads

/// The supplementary groups of threads that have made requests, as they were a second ago at most: reading them in /proc takes as long as
/// answering the request.
final class KnownGroups: Sendable {
  /// A number is soon used again for another thread, but hardly ever within a second, and for one of the same user and group.
  struct Thread: Hashable {
    var number: Int32
    var user: UInt32
    var group: UInt32
  }
  private struct Entry {
    var groups: [UInt32]
    var end: Deadline
  }
  private let entries = Mutex<[Thread: Entry]>([:])
  private let lifetime: Int
  private static let capacity = 1024

  /// - Parameter lifetime: in milliseconds.
  init(lifetime: Int = 1000) { self.lifetime = lifetime }

  /// How many threads' groups are known.
  var count: Int { entries.withLock { $0.count } }

  /// The groups of a thread.
  /// - Parameter read: reads them.
  func groups(of thread: Thread, _ read: () -> [UInt32]) -> [UInt32] {
    if let known = entries.withLock({ $0[thread] }), !known.end.hasPassed { return known.groups }
    let end = Deadline(milliseconds: lifetime)
    let groups = read()
    entries.withLock { entries in
      if entries.count >= Self.capacity { entries = [:] }
      entries[thread] = Entry(groups: groups, end: end)
    }
    return groups
  }
}
