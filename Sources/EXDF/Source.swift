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
  public let name: String
  public let kind: SourceKind
  /// The files that have it, as positions in ``Run/files``, in order of name. Never empty.
  public let files: [Int]
  /// The source that this old name stands for.
  public let legacyTarget: String?

  struct Cache {
    /// Its keys, and what the file that was asked for them says.
    var listing: SourceListing?
    /// What the files say that were asked for its keys, until its rows are asked for.
    var parts: [Int: SourceInFile] = [:]
    /// What all of its files say of rows and trains.
    var rows: SourceRows?
    var keyIndexes: [Int: TrainIndex] = [:]
    var groupIndexes: [String: TrainIndex] = [:]
    var stringLengths: [Int: Result<Int, HDF5Error>] = [:]
    var runValues: [RunValue]?
    var units: [String?]?
  }
  let cache = Mutex(Cache())

  init(name: String, kind: SourceKind, files: [Int], legacyTarget: String?) {
    self.name = name
    self.kind = kind
    self.files = files
    self.legacyTarget = legacyTarget
  }

  /// The group of its data in each of its files.
  public var path: String { "\(kind.section)/\(name)" }
}

extension String {
  /// Order by code point, as Python sorts; `<` would compare what is canonically equivalent.
  package func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
