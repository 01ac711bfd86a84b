internal import EXDF
internal import HDF5
internal import Synchronization
internal import Threads

/// The directory of a run in a proposal: what is in it is the run's tree, opened when something in it is asked for.
final class RunSlot: ProposalObject, DirectoryObject {
  private struct State {
    /// Given up when the run is closed. A run that could not be opened is tried again by the next request.
    var opening = Once<Result<RunTree, EXDFError>>(keepingIf: { (try? $0.get()) != nil })
    var status: DirectoryStatus
  }

  let identity: ObjectIdentity
  /// From the top of the mount: `raw/r0042`.
  let place: String
  let location: RunLocation
  private let proposal: ProposalTree
  private let state: Mutex<State>

  /// So many milliseconds a thread waits at a time for a run that is being opened; then it looks again.
  private static let patience = 60_000

  init(
    _ identity: ObjectIdentity, _ proposal: ProposalTree, place: String, _ location: RunLocation,
    _ status: DirectoryStatus
  ) {
    self.identity = identity
    self.proposal = proposal
    self.place = place
    self.location = location
    state = Mutex(State(status: status))
  }

  /// In its folder.
  var name: String { place.split(separator: "/").last.map(String.init) ?? place }

  /// The directory that it is listed in; nil for what is not listed.
  var parent: Node? {
    let folder = place.split(separator: "/").dropLast().joined(separator: "/")
    return proposal.folderDirectory(named: folder)
  }

  func update(_ status: DirectoryStatus) { state.withLock { $0.status = status } }

  func isNode(at position: Int) -> Bool { position == 0 }
  func modified(at position: Int) -> Time { Time(state.withLock { $0.status }) }
  func directories(at position: Int) -> [String] { location.parts }
  func status(at position: Int) -> DirectoryStatus? { state.withLock { $0.status } }

  func children(at position: Int) throws(TreeError) -> Children { try runDirectory().children(at: 0) }

  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    try runDirectory().unlistedChild(named: name, at: 0)
  }

  func prepareListing(at position: Int) { (opened?.root.object as? any DirectoryObject)?.prepareListing(at: 0) }

  private func runDirectory() throws(TreeError) -> any DirectoryObject {
    guard let directory = try open().root.object as? any DirectoryObject else { throw .notADirectory }
    return directory
  }

  /// The run's tree if it is open.
  var opened: RunTree? { try? state.withLock { $0.opening }.ifDone?.get() }

  /// The run's tree.
  /// - Throws: ``TreeError``; must-wait where it has to be opened, and this thread must not wait.
  func open() throws(TreeError) -> RunTree {
    while true {
      let opening = state.withLock { $0.opening }
      if case .success(let tree)? = opening.ifDone {
        tree.touch()
        return tree
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
      case .success(let tree)?:
        tree.touch()
        return tree
      case .failure(let error)?: throw .cannotOpen(error)
      case nil: if request.isInterrupted() { throw .interrupted }
      }
    }
  }

  /// Closes the run if the kernel has forgotten all of it, and nobody has asked for it within some seconds.
  /// - Returns: its tree, where it was closed.
  func closeIfForgotten(unusedFor seconds: Int) -> RunTree? {
    guard let tree = opened, tree.uses.load(ordering: .acquiring) <= 0,
      MonotonicClock.seconds - tree.lastUse.load(ordering: .relaxed) >= seconds
    else { return nil }
    state.withLock { $0 = State(status: $0.status) }
    tree.close()
    return tree
  }
}
