public import EXDF
public import HDF5
public import Locality
public import RunArrays
internal import Synchronization
internal import Threads
public import Validation

/// The tree of one run: what all its objects share. Knows nothing of FUSE.
public final class RunTree: Sendable {
  public let run: Run
  public let arrays: RunArrays
  let table: NodeTable
  /// The run's place in the mount: empty for a mounted run, `raw/r0042` in a proposal.
  let place: String
  let paths: SourcePaths
  let detectors: TreeDetectors
  let generated: GeneratedFiles
  /// The reports that look at the files themselves.
  let reports: RunReports
  /// The newest of the run's files: the time of whatever is made from all of them.
  let modified: Time
  /// The run's HDF5 files, the unusable ones too, by name.
  let fileLinks: [(name: String, path: String)]

  /// References that the kernel has to nodes of the tree, where it can be closed.
  let uses = Atomic(0)
  /// When the tree was last asked for something, in seconds of the monotonic clock; of interest where it can be closed.
  let lastUse = Atomic(MonotonicClock.seconds)

  /// The tree that this one is a selection of.
  let parent: RunTree?
  /// The trees of selections of this run.
  let selections = SelectionTrees()

  private let options: DetectorOptions
  private let validator: RunValidator
  private let query: LocalityQuery
  private let damage: KnownDamage
  private let objects: NodeObjects

  private static let made = Atomic(0)
  /// Another for each tree that there ever was in this process.
  public let serial = RunTree.made.wrappingAdd(1, ordering: .relaxed).newValue

  /// - Parameters:
  ///   - table: of the mount.
  ///   - place: the run's place in the mount.
  ///   - options: which modules and trains of the detectors, and what stands where there is nothing.
  ///   - validator: makes validation.txt.
  ///   - query: makes locality.txt.
  ///   - report: told of what has no place in the tree.
  public convenience init(
    _ arrays: RunArrays, in table: NodeTable = NodeTable(), at place: String = "",
    detectors options: DetectorOptions = DetectorOptions(), validator: RunValidator = RunValidator(),
    query: LocalityQuery = LocalityQuery(), report: @Sendable (String) -> Void
  ) {
    self.init(arrays, table, place, nil, options, validator, query, report)
  }

  private init(
    _ arrays: RunArrays, _ table: NodeTable, _ place: String, _ parent: RunTree?, _ options: DetectorOptions,
    _ validator: RunValidator, _ query: LocalityQuery, _ report: @Sendable (String) -> Void
  ) {
    if parent == nil { Counters.count(.runsOpened) }
    self.parent = parent
    self.options = options
    self.validator = validator
    self.query = query
    self.arrays = arrays
    self.table = table
    objects = NodeObjects(in: table, at: place)
    self.place = place
    run = arrays.run
    damage = KnownDamage(of: arrays.run)
    reports = RunReports(arrays.run, validator, query, damage)
    paths = SourcePaths(run.sources) { report("the source \($0.name) has no place in the tree: its name is no path") }
    detectors = TreeDetectors(arrays.run, options, report: report)
    let identities = run.files.map(\.reference.identity)
    modified = identities.map(Time.init).max() ?? Time(seconds: 0)
    let links = run.files.map { ($0.name, $0.reference.path) } + run.skippedFiles.map { ($0.name, $0.path) }
    fileLinks = links.map { (name: $0.0, path: $0.1) }.sorted { $0.name.precedes($1.name) }
    let hdf5 = run.hdf5
    generated = GeneratedFiles(progress: { hdf5.progress })
  }

  /// The tree of a part of this run, as a directory below this tree's top.
  func part(_ run: Run, at place: String) -> RunTree {
    let place = self.place.isEmpty ? place : "\(self.place)/\(place)"
    // What has no place in this tree has been said.
    return RunTree(
      RunArrays(run: run, store: arrays.store), table, place, self, options, validator, query, { _ in })
  }

  /// The tree of the run that it shows a part of; itself where that is all.
  public var whole: RunTree { parent?.whole ?? self }

  /// Whether it shows a part of a run.
  var isSelection: Bool { parent != nil }

  /// Notes that somebody wants something of it.
  func touch() {
    lastUse.store(MonotonicClock.seconds, ordering: .relaxed)
    parent?.touch()
  }

  /// The kernel has more references to nodes of the tree, or fewer.
  func addUses(_ count: Int) {
    uses.wrappingAdd(count, ordering: .acquiringAndReleasing)
    parent?.addUses(count)
  }

  /// The top directory.
  public var root: Node { Node(rootDirectory) }

  var rootDirectory: RunDirectory { object("") { RunDirectory($0, self) } }

  /// Has the validation of the run name what was wrong with a file when it was read.
  public func note(_ damage: HDF5Error) { self.damage.note(damage) }

  /// The object of a path, made when it is first met.
  func object<Object: NodeObject>(_ path: String, _ make: (ObjectIdentity) -> Object) -> Object {
    objects.object(path, make)
  }

  /// Takes the tree's objects out of the table, and lets go of them: for a tree that the kernel has forgotten.
  func close() {
    if parent == nil { Counters.count(.runsClosed) }
    selections.closeAll()
    objects.removeAll()
  }

  /// The arrays that are not listed but open.
  var slices: Slices { object("@") { Slices($0, self) } }

  func modified(files: [Int]) -> Time {
    files.map { Time(run.files[$0].reference.identity) }.max() ?? modified
  }

  /// The position of a train from its id as the tree writes it: digits only, no zeros before them.
  func trainPosition(_ text: (some StringProtocol)?) -> Int? {
    guard let text, let train = UInt64(text), String(train) == text else { return nil }
    return run.position(ofTrain: train)
  }
}
