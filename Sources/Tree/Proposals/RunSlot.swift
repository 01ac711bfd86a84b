internal import EXDF
internal import HDF5
internal import Synchronization
internal import Threads

/// The directory of a run in a proposal: what is in it is the run's tree, opened when something in it is asked for.
final class RunSlot: ProposalObject, DirectoryObject {
  private struct State {
    /// Given up when the run is closed. A run that could not be opened is tried again by the next request.
    var opening = Once<Result<LiveRun, EXDFError>>(keepingIf: { (try? $0.get()) != nil })
    var status: DirectoryStatus
  }

  let identity: ObjectIdentity
  /// From the top of the mount: `raw/r0042`.
  let place: String
  let location: RunLocation
  /// The directory that it is in; what is not listed is there, too.
  let folder: RunFolderDirectory
  private let proposal: ProposalTree
  private let state: Mutex<State>

  /// So many milliseconds a thread waits at a time for a run that is being opened; then it looks again.
  private static let patience = 60_000

  init(
    _ identity: ObjectIdentity, _ proposal: ProposalTree, in folder: RunFolderDirectory, place: String,
    _ location: RunLocation, _ status: DirectoryStatus
  ) {
    self.folder = folder
    self.identity = identity
    self.proposal = proposal
    self.place = place
    self.location = location
    state = Mutex(State(status: status))
  }

  /// In its folder.
  var name: String { place.split(separator: "/").last.map(String.init) ?? place }

  func update(_ status: DirectoryStatus) { state.withLock { $0.status = status } }

  func modified(at position: Int) -> Time { Time(state.withLock { $0.status }) }
  func directories(at position: Int) -> [String] { location.parts }
  func status(at position: Int) -> DirectoryStatus? { state.withLock { $0.status } }

  func children(at position: Int) throws(TreeError) -> Children { try runDirectory().children(at: 0) }

  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    try runDirectory().unlistedChild(named: name, at: 0)
  }

  func prepareListing(at position: Int) { opened?.current.rootDirectory.prepareListing(at: 0) }

  private func runDirectory() throws(TreeError) -> any DirectoryObject { try open().current.rootDirectory }

  /// The run if it is open.
  var opened: LiveRun? { try? state.withLock { $0.opening }.ifDone?.get() }

  /// The run.
  /// - Throws: ``TreeError``; must-wait where it has to be opened, and this thread must not wait.
  func open() throws(TreeError) -> LiveRun {
    while true {
      let opening = state.withLock { $0.opening }
      if case .success(let run)? = opening.ifDone {
        run.current.touch()
        return run
      }
      let request = Request.current
      guard request.mayWait else { throw .mustWait }
      let (proposal, location, place) = (proposal, location, place)
      // By a thread of its own, for which the caller's rights and signals are of no account: the run is opened for all.
      let result = opening.value(within: Self.patience, isInterrupted: request.isInterrupted) {
        do throws(EXDFError) {
          return .success(try proposal.open(location, at: place))
        } catch {
          return .failure(error)
        }
      }
      switch result {
      case .success(let run)?:
        run.current.touch()
        return run
      case .failure(let error)?: throw .cannotOpen(error)
      case nil: if request.isInterrupted() { throw .interrupted }
      }
    }
  }

  /// Closes the run if the kernel has forgotten all of it, and nobody has asked for it within some seconds.
  /// - Returns: its trees, where it was closed.
  func closeIfForgotten(unusedFor seconds: Int) -> [RunTree] {
    guard let run = opened, run.isForgotten(unusedFor: seconds) else { return [] }
    // First, so that whoever comes now opens it anew.
    state.withLock { $0 = State(status: $0.status) }
    let trees = run.trees
    for tree in trees { tree.close() }
    return trees
  }
}
