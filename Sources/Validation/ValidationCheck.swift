/// What is looked for, by the names that `--skip` takes.
public enum ValidationCheck: String, CaseIterable, Sendable {
  // Those of extra-data-validate 1.25, in its order.
  case trainIDsNonzero = "train_ids_nonzero"
  case trainIDsOrder = "train_ids_order"
  case indexControl = "index_control"
  case indexInstrument = "index_instrument"
  case controlTimestampsOrder = "control_timestamps_order"
  case runJSONCache = "run_json_cache"

  // Where EXtra-data crashes, or sees nothing.
  /// Structure that a check cannot be made on: a source of METADATA without INDEX or data, wrong types and ranks.
  case structure
  /// A file that ended the process reading it, or took too long.
  case reader
  /// A file that is not looked at because its bytes are on tape only.
  case locality
  /// A train of a source in two files.
  case duplicateTrains = "duplicate_trains"
  /// A name that is both a control and an instrument source: the mount has room for one.
  case sourceKinds = "source_kinds"
  /// A key whose type or shape differs from file to file, or that some files lack: an array cannot hold all of it, or only converted.
  case keyForms = "key_forms"
  /// INDEX against the train ids that instruments write beside their data.
  case instrumentTrainIDs = "instrument_train_ids"
  /// Data that cannot be read back. Only when asked for: it reads every byte.
  case readData = "read_data"
  /// Sources that lack trains. Only when asked for: most runs have such.
  case missingTrains = "missing_trains"

  /// Whether extra-data-validate has it, under the same name.
  public var isOfEXtraData: Bool {
    switch self {
    case .trainIDsNonzero, .trainIDsOrder, .indexControl, .indexInstrument, .controlTimestampsOrder, .runJSONCache: true
    default: false
    }
  }

  /// What `--list` prints.
  public static var list: String {
    func names(_ checks: [ValidationCheck]) -> String { checks.map { "  \($0.rawValue)\n" }.joined() }
    return "Available checks:\n" + names(allCases.filter(\.isOfEXtraData))
      + "Further checks, which extra-data-validate does not have:\n" + names(allCases.filter { !$0.isOfEXtraData })
  }
}

/// What to check, and how far to go.
public struct ValidationOptions: Hashable, Sendable {
  public var skipped: Set<ValidationCheck>
  /// Read all data.
  public var readsData: Bool
  /// Report sources that have no data in more than so many per cent of the trains.
  public var missingPercent: Double?
  /// Open files that a file leads to, by external links and virtual datasets. Where a mount serves others, its reports must not tell
  /// what is in files that their reader may not read.
  public var followsLinks: Bool

  public init(
    skipped: Set<ValidationCheck> = [], readsData: Bool = false, missingPercent: Double? = nil,
    followsLinks: Bool = true
  ) {
    self.followsLinks = followsLinks
    self.skipped = skipped
    self.readsData = readsData
    self.missingPercent = missingPercent
  }

  func includes(_ check: ValidationCheck) -> Bool { !skipped.contains(check) }
}
