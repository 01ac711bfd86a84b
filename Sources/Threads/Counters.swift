internal import Synchronization

/// What a process has done since it began: for the log on SIGUSR1, and for `user.xfelfs.stats` of a mount.
///
/// Counting costs one relaxed addition; nothing waits for anything.
public enum Counters {
  /// Things that happen often enough to be counted rather than told of.
  public enum Event: Int, CaseIterable, Sendable {
    case bytesRead
    case cacheHits, cacheMisses, cacheUnusedEvictions
    case prefetches
    /// Requests that could not be answered from memory, and were given to a thread that may wait.
    case waits
    case libraryVisits, workersStarted, workersLost
    case runsOpened, runsClosed

    var name: String {
      switch self {
      case .bytesRead: "bytes_read"
      case .cacheHits: "cache_hits"
      case .cacheMisses: "cache_misses"
      case .cacheUnusedEvictions: "cache_evictions_unused"
      case .prefetches: "prefetches"
      case .waits: "requests_that_waited"
      case .libraryVisits: "library_visits"
      case .workersStarted: "workers_started"
      case .workersLost: "workers_lost"
      case .runsOpened: "runs_opened"
      case .runsClosed: "runs_closed"
      }
    }
  }

  /// Requests of the kernel by kind, each with the time that its answer took.
  public enum Request: Int, CaseIterable, Sendable {
    case lookup, attributes, readLink, openDirectory, access, list, open, read, extendedAttribute

    var name: String {
      switch self {
      case .lookup: "lookup"
      case .attributes: "getattr"
      case .readLink: "readlink"
      case .openDirectory: "opendir"
      case .access: "access"
      case .list: "readdir"
      case .open: "open"
      case .read: "read"
      case .extendedAttribute: "getxattr"
      }
    }
  }

  /// A number on a cache line of its own: neighbours are counted by other threads.
  private final class Cell: Sendable {
    let value = Atomic(0)
    let unused: InlineArray<7, UInt64> = .init(repeating: 0)
  }

  private static let events = Event.allCases.map { _ in Cell() }
  private static let requests = Request.allCases.map { _ in Cell() }
  private static let nanoseconds = Request.allCases.map { _ in Cell() }
  private static let numbers = Atomic(0)

  public static func count(_ event: Event, _ number: Int = 1) {
    events[event.rawValue].value.wrappingAdd(number, ordering: .relaxed)
  }

  public static func count(_ request: Request, _ duration: Duration) {
    requests[request.rawValue].value.wrappingAdd(1, ordering: .relaxed)
    let (seconds, attoseconds) = duration.components
    let spent = Int(seconds) &* 1_000_000_000 &+ Int(attoseconds / 1_000_000_000)
    nanoseconds[request.rawValue].value.wrappingAdd(spent, ordering: .relaxed)
  }

  public static func value(of event: Event) -> Int { events[event.rawValue].value.load(ordering: .relaxed) }

  /// The number of a request, for the log.
  public static func nextRequest() -> Int { numbers.wrappingAdd(1, ordering: .relaxed).newValue }

  /// One line for each number, as `name value`.
  public static var text: String {
    var lines: [String] = []
    for request in Request.allCases {
      let count = requests[request.rawValue].value.load(ordering: .relaxed)
      let spent = nanoseconds[request.rawValue].value.load(ordering: .relaxed) / 1000
      lines.append("requests_\(request.name) \(count)")
      lines.append("microseconds_\(request.name) \(spent)")
    }
    for event in Event.allCases { lines.append("\(event.name) \(value(of: event))") }
    return lines.joined(separator: "\n") + "\n"
  }
}
