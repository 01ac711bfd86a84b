internal import HDF5
internal import Synchronization

public enum SourceKind: String, Hashable, Sendable {
  /// A slow device: one value per train.
  case control
  /// Anything that streams: zero to many entries per train, in index groups.
  case instrument

  /// The root group of its data in a file.
  public var section: String { self == .control ? "CONTROL" : "INSTRUMENT" }
}

/// A device, or one output of it. What is below its name is read when asked for, and kept.
public final class Source: Sendable {
  /// What a run has of a source in one of its files: everything, unless a selection has taken a part.
  struct Holding: Hashable, Sendable {
    /// Position in ``Run/files``.
    var file: Int
    /// The names of the keys; nil for all.
    var keys: Set<String>?
    /// The trains, besides those that the run has at all; nil for all.
    var trains: TrainSet?
    /// Whether rows whose INDEX/flag is bad are left out.
    var isWithoutSuspect = false
  }

  public let name: String
  public let kind: SourceKind
  /// The files that have it, as positions in ``Run/files``, in order of name. Never empty.
  public let files: [Int]
  /// The source that this old name stands for.
  public let legacyTarget: String?
  /// In order of file; of a file that two runs of a union have in part there are two.
  let holdings: [Holding]

  struct Cache {
    /// What its files say of keys, rows and trains.
    var layout: SourceLayout?
    var keyIndexes: [Int: TrainIndex] = [:]
    var wholeIndexes: [Int: TrainIndex] = [:]
    var groupIndexes: [String: TrainIndex] = [:]
    var stringLengths: [Int: Result<Int, HDF5Error>] = [:]
    var runValues: [RunValue]?
    var deviceClass: String??
    var units: [String?]?
  }
  let cache = Mutex(Cache())

  init(name: String, kind: SourceKind, holdings: [Holding], legacyTarget: String?) {
    self.name = name
    self.kind = kind
    self.holdings = holdings
    self.legacyTarget = legacyTarget
    var files: [Int] = []
    for holding in holdings where files.last != holding.file { files.append(holding.file) }
    self.files = files
  }

  /// The group of its data in each of its files.
  public var path: String { "\(kind.section)/\(name)" }

  var id: SourceID { SourceID(kind: kind, name: name) }

  /// Whether every key of it is in the run.
  var isWhole: Bool { holdings.allSatisfy { $0.keys == nil } }
}

extension String {
  /// Order by code point, as Python sorts; `<` would compare what is canonically equivalent.
  package func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
