internal import ArrayIO
public import EXDF
public import HDF5
public import Locality
public import RunArrays
internal import Threads
public import Validation

/// The tree of TREE.md over one run: what is where, how large, and where its bytes come from. Knows nothing of FUSE.
public final class RunTree: Sendable {
  public let run: Run
  public let arrays: RunArrays
  let paths: SourcePaths
  let slices = SliceTable()
  let texts = TextStore()
  /// The newest of the run's files: the time of whatever is made from all of them.
  let modified: Time
  /// The run's HDF5 files, the unusable ones too, by name.
  let fileLinks: [(name: String, path: String)]

  let detectors: TreeDetectors
  /// `export/virtual.h5`.
  let virtualRun = MadeText.Cell()

  /// The root files that may need any file of the run: made in the background, from the first look at the run.
  let tables: [RootFile: MadeText.Cell]

  private let damage: KnownDamage

  /// The reports that look at the files themselves.
  let reports: RunReports

  /// A moment: seconds and nanoseconds since 1970 UTC.
  public struct Time: Hashable, Comparable, Sendable {
    public var seconds: Int64
    public var nanoseconds: Int64

    public static func < (left: Time, right: Time) -> Bool {
      (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    init(_ identity: FileIdentity) {
      seconds = identity.modificationSeconds
      nanoseconds = identity.modificationNanoseconds
    }

    init(seconds: Int64) {
      self.seconds = seconds
      nanoseconds = 0
    }
  }

  /// - Parameters:
  ///   - options: which modules and trains of the detectors, and what stands where there is nothing.
  ///   - validator: makes validation.txt.
  ///   - query: makes locality.txt.
  ///   - report: told of what has no place in the tree.
  public init(
    _ arrays: RunArrays, detectors options: DetectorOptions = DetectorOptions(),
    validator: RunValidator = RunValidator(), query: LocalityQuery = LocalityQuery(),
    report: @Sendable (String) -> Void
  ) {
    self.arrays = arrays
    run = arrays.run
    damage = KnownDamage(of: arrays.run)
    reports = RunReports(arrays.run, validator, query, damage)
    paths = SourcePaths(run.sources) { report("the source \($0.name) has no place in the tree: its name is no path") }
    detectors = TreeDetectors(arrays.run, options, report: report)
    let identities = run.files.map(\.reference.identity)
    modified = identities.map(Time.init).max() ?? Time(seconds: 0)
    let links = run.files.map { ($0.name, $0.reference.path) } + run.skippedFiles.map { ($0.name, $0.path) }
    fileLinks = links.map { (name: $0.0, path: $0.1) }.sorted { $0.name.precedes($1.name) }
    tables = Dictionary(uniqueKeysWithValues: RootFile.made.map { ($0, MadeText.Cell()) })
  }

  /// A number that changes while the run's files answer.
  var progress: @Sendable () -> Int {
    let hdf5 = run.hdf5
    return { hdf5.progress }
  }

  /// Has the validation of the run name what was wrong with a file when it was read.
  public func note(_ damage: HDF5Error) { self.damage.note(damage) }

  /// Whether a node is a directory, a file or a link; arithmetic only.
  public func kind(of node: Node) -> EntryKind {
    switch node {
    case .root, .files, .sources, .sourcePath, .keys, .key, .keyTrains, .trains, .train, .trainPath: .directory
    case .rootFile, .fileReport, .sourceFile, .keyFile, .keyTrain, .trainKey, .slice: .file
    case .fileLink: .symbolicLink
    case .detector(let place): place.kind
    case .export(let place): place.kind
    case .source(let source), .trainSource(_, let source):
      source < run.sources.count && run.sources[source].legacyTarget != nil ? .symbolicLink : .directory
    }
  }

  /// The keys of a source that have a number.
  func keys(of source: Int) throws(TreeError) -> ArraySlice<Key> {
    guard source < run.sources.count else { return [] }
    return try reading { () throws(ReadError) in try run.keys(of: run.sources[source]).prefix(NodeID.mostKeys) }
  }

  /// Which rows of a key hold which train; the source must be one of the run.
  func index(_ source: Int, _ key: Int) throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try run.index(ofKey: key, of: run.sources[source]) }
  }

  /// The same for every train with data, those too that are not in the key's array.
  func wholeIndex(_ source: Int, _ key: Int) throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try run.wholeIndex(ofKey: key, of: run.sources[source]) }
  }

  /// The position of a key in its source, by bisection.
  func keyNumber(_ name: String, of source: Int) throws(TreeError) -> Int? {
    let keys = try keys(of: source)
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if FileNames.encode(keys[middle].name).precedes(name) { low = middle + 1 } else { high = middle }
    }
    return low < keys.count && FileNames.encode(keys[low].name) == name ? low : nil
  }

  /// Whether the node is one that a walk from the root can have led to: numbers of the kernel are trusted no more than files.
  func isValid(source: Int, key: Int? = nil, train: Int? = nil) throws(TreeError) -> Bool {
    guard source < run.sources.count, train.map({ $0 < run.trainIDs.count }) ?? true else { return false }
    guard let key else { return true }
    return try key < keys(of: source).count
  }

  /// Whether a key has arrays at all.
  func hasArray(_ source: Int, _ key: Int) throws(TreeError) -> Bool {
    arrays.obstacle(to: try keys(of: source)[key]) == nil
  }
}

public enum EntryKind: Sendable { case directory, file, symbolicLink }
