public import EXDF
internal import HDF5
internal import Synchronization
internal import Threads

/// The tree of a proposal, or of a directory of runs: what its objects share.
///
/// Runs are opened when something in them is asked for, and closed when the kernel has forgotten them.
public final class ProposalTree: Sendable {
  /// Opens a run and grows its tree: `place` is where it stands in the mount.
  public typealias Opener =
    @Sendable (_ run: RunLocation, _ place: String, _ table: NodeTable) throws(EXDFError) -> LiveRun

  public typealias Summarizer = @Sendable (_ directory: String) -> Result<RunSummary, EXDFError>

  let table: NodeTable
  /// The proposal's directory, or the one that the runs are in.
  let path: String
  let generated: GeneratedFiles
  /// Whether the runs lie in folders (`raw/`, `proc/`), rather than at the top.
  let hasFolders: Bool
  /// Of the directory when it was mounted.
  let status: DirectoryStatus?
  private let opener: Opener
  /// What `lsxfel` says of a run directory.
  let summarize: Summarizer
  private let objects: NodeObjects
  private let slots = Mutex<[RunSlot]>([])

  /// - Parameters:
  ///   - hasFolders: whether the runs lie in folders of the directory, rather than in it.
  ///   - open: opens a run. It is called by threads that work for no request, so it may wait.
  ///   - summarize: says in one line what a run directory has. May wait, as well.
  public init(
    directory path: String, hasFolders: Bool, table: NodeTable = NodeTable(), open: @escaping Opener,
    summarize: @escaping Summarizer
  ) {
    self.path = path
    self.hasFolders = hasFolders
    self.table = table
    objects = NodeObjects(in: table, at: "")
    opener = open
    status = DirectoryStatus(path: path)
    self.summarize = summarize
    generated = GeneratedFiles(progress: { 0 })
  }

  /// The top directory.
  public var root: Node {
    hasFolders ? Node(object("") { ProposalDirectory($0, self) }) : Node(folder("", [path]))
  }

  /// The object of a path, made when it is first met.
  func object<Object: NodeObject>(_ path: String, _ make: (ObjectIdentity) -> Object) -> Object {
    objects.object(path, make)
  }

  /// A folder of runs by its name in the tree. May look at the directory.
  func folder(_ name: String, _ folders: [String]) -> RunFolderDirectory {
    let status = DirectoryStatus(path: folders[0])
    return object(name) { RunFolderDirectory($0, self, name: name, folders: folders, status) }
  }

  /// The place of a run in the tree.
  func slot(
    _ place: String, _ location: RunLocation, _ status: DirectoryStatus, in folder: RunFolderDirectory
  ) -> RunSlot {
    object(place) { identity in
      let slot = RunSlot(identity, self, in: folder, place: place, location, status)
      slots.withLock { $0.append(slot) }
      return slot
    }
  }

  func open(_ location: RunLocation, at place: String) throws(EXDFError) -> LiveRun {
    try opener(location, place, table)
  }

  /// The runs that are open: each with the directory that it is in, and its name there.
  public var openRuns: [(run: LiveRun, node: Node, directory: Node, name: String)] {
    slots.withLock { $0 }.compactMap { slot in slot.opened.map { ($0, Node(slot), Node(slot.folder), slot.name) } }
  }

  /// Closes the runs that the kernel has forgotten and nobody has asked for within some seconds.
  ///
  /// - Parameters:
  ///   - seconds: how long a forgotten run stays open: it is asked for again soon, as a rule.
  ///   - dismiss: told of each tree that is closed.
  public func closeForgotten(unusedFor seconds: Int, _ dismiss: (RunTree) -> Void) {
    for slot in slots.withLock({ $0 }) {
      for tree in slot.closeIfForgotten(unusedFor: seconds) { dismiss(tree) }
    }
  }

  /// The runs that are open and have not been asked for anything for some seconds, though the kernel still knows nodes of them: the
  /// directory that each is in, and its name there.
  public func unused(for seconds: Int) -> [(directory: Node, name: String)] {
    let now = MonotonicClock.seconds
    return openRuns.compactMap { run, _, directory, name -> (directory: Node, name: String)? in
      guard now - run.current.lastUse.load(ordering: .relaxed) >= seconds else { return nil }
      return (directory, name)
    }
  }
}

/// A directory or file above the runs.
public protocol ProposalObject: NodeObject {
  /// The directories that a reader has to be able to list in order to read what is shown.
  func directories(at position: Int) throws(TreeError) -> [String]
  /// Owner and mode to be shown; nil for those of the proposal's directory.
  func status(at position: Int) -> DirectoryStatus?
}

extension ProposalObject {
  public var tree: RunTree? { nil }
  public func scope(at position: Int) -> FileScope { .names }
  public func status(at position: Int) -> DirectoryStatus? { nil }
}

extension ProposalObject where Self: DirectoryObject {
  /// Not counted: directories come, and a run is not opened for its count.
  public func linkCount(at position: Int) throws(TreeError) -> Int { 1 }
}

extension Time {
  init(_ status: DirectoryStatus) {
    self.init(seconds: status.modificationSeconds, nanoseconds: status.modificationNanoseconds)
  }
}
