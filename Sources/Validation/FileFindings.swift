/// What was found in one file.
struct FileFindings: Hashable, Sendable {
  /// Of the file alone; each names it.
  var problems: [Problem]
  /// nil where the file could not be opened.
  var contents: FileContentsSummary?
  /// Whether they are of a store that failed, rather than of the file: they may be others the next time.
  var mayPass = false
}

/// What the checks over several files need to know of each.
struct FileContentsSummary: Hashable, Sendable {
  /// Without zeros, in the order of the file.
  var trainIDs: [UInt64]
  /// By name.
  var controlSources: [String]
  var instrumentSources: [String]
  /// Trains with data by source; sources that have none anywhere are in it with 0.
  var trainsWithData: [String: Int]
  /// What is there of each source.
  var keys: [String: SourceKeys] = [:]
}

/// The datasets of one source in one file.
struct SourceKeys: Hashable, Sendable {
  /// What a dataset is; in most files of a source the same.
  struct Form: Hashable, Sendable {
    var path: String
    /// As numpy names it.
    var type: String
    /// Of one entry.
    var shape: [Int]

    var text: String { "dtype \(type), shape (\(shape.map(String.init).joined(separator: ", ")))" }
  }
  var forms: [Form] = []
  /// Trains in which each has data.
  var trains: [Int] = []
}
