/// Where dCache keeps a file: its answer to a locality query.
public enum FileLocality: Hashable, Sendable {
  /// On a disk pool only.
  case online
  /// On disk, and on tape.
  case onlineAndNearline
  /// On tape only: reading it waits for the tape, for hours or days.
  case nearline
  /// On a pool that is down.
  case unavailable
  /// Not a dCache at all: an ordinary file.
  case notOnDCache
  /// A word that EXtra-data does not know either; empty for an empty answer.
  case unknown(String)
  /// The query itself hung.
  case noAnswer
  /// The query failed, for another reason than that there is nothing to ask.
  case failed(errno: Int32)

  /// What stands in the answer, blanks at its ends removed.
  init(answer: String) {
    switch answer {
    case "ONLINE": self = .online
    case "ONLINE_AND_NEARLINE": self = .onlineAndNearline
    case "NEARLINE": self = .nearline
    case "UNAVAILABLE": self = .unavailable
    case "NOT_ON_DCACHE": self = .notOnDCache
    default: self = .unknown(answer)
    }
  }

  /// The word of dCache, or one of ours where there is none.
  public var name: String {
    switch self {
    case .online: "ONLINE"
    case .onlineAndNearline: "ONLINE_AND_NEARLINE"
    case .nearline: "NEARLINE"
    case .unavailable: "UNAVAILABLE"
    case .notOnDCache: "NOT_ON_DCACHE"
    case .unknown(let word): word
    case .noAnswer: "NO_ANSWER"
    case .failed: "QUERY_FAILED"
    }
  }

  /// Whether its bytes are on a disk.
  public var isOnDisk: Bool { self == .online || self == .onlineAndNearline || self == .notOnDCache }

  /// Why reading it may never end; nil where nothing speaks against reading.
  ///
  /// A word nobody knows, and a query that failed, are no reason: dCache has more states than are documented, and whoever may
  /// not ask may still read.
  public var obstacle: String? {
    switch self {
    case .nearline: "it is only on tape (dCache: NEARLINE)"
    case .unavailable: "it is unavailable (dCache: UNAVAILABLE)"
    case .noAnswer: "dCache did not say in time where it is, so reading it might never end"
    case .online, .onlineAndNearline, .notOnDCache, .unknown, .failed: nil
    }
  }
}

/// Which files of a run are used, by where they are: `file_filter` of EXtra-data.
public enum LocalityFilter: String, CaseIterable, Sendable {
  /// As `lc_ondisk`: only what can be read at once.
  case onDisk = "ondisk"
  /// As `lc_avail`: also what is only on tape.
  case available
  /// As `lc_any`.
  case any

  /// Why a file is left out, in EXtra-data's words; nil where it is not.
  public func reasonToSkip(_ locality: FileLocality) -> String? {
    switch locality {
    case .online, .onlineAndNearline, .notOnDCache: nil
    case .nearline: self == .onDisk ? "Only on tape" : nil
    case .unavailable: self == .any ? nil : "Unavailable"
    case .unknown, .failed: self == .any ? nil : "Unknown locality"
    case .noAnswer: self == .any ? nil : "No answer"
    }
  }
}
