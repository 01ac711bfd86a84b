internal import EXDF
internal import Glibc
internal import HDF5
internal import Synchronization
internal import Threads

/// A directory of runs: `raw/`, `proc/`, or the top of a mount of such a directory. `all/` has the runs of two of them.
final class RunFolderDirectory: ProposalObject, DirectoryObject {
  private struct Listing {
    var slots: [RunSlot]
    var time: Int
  }

  let identity: ObjectIdentity
  /// In the tree; empty for the top.
  let name: String
  /// Where the runs are: one folder, or those that are laid over each other.
  private let folders: [String]
  private let proposal: ProposalTree
  private let listing = Mutex<Listing?>(nil)
  /// Of the first folder, as it was when it was last looked at.
  private let latestStatus: Mutex<DirectoryStatus?>

  /// For so many seconds a listing holds: a run that is new is seen after that.
  static let listingSeconds = 5
  /// The most runs that a name may unite.
  private static let mostParts = 64

  init(
    _ identity: ObjectIdentity, _ proposal: ProposalTree, name: String, folders: [String], _ status: DirectoryStatus?
  ) {
    self.identity = identity
    self.name = name
    self.folders = folders
    self.proposal = proposal
    latestStatus = Mutex(status)
  }

  private var isOverlay: Bool { folders.count > 1 }

  func modified(at position: Int) -> Time { latestStatus.withLock { $0 }.map(Time.init) ?? Time(seconds: 0) }
  func directories(at position: Int) -> [String] { folders }
  func status(at position: Int) -> DirectoryStatus? { latestStatus.withLock { $0 } }

  func children(at position: Int) throws(TreeError) -> Children {
    let slots = try slots()
    let runs = slots.map { Child(name: $0.name, node: Node($0), kind: .directory) }
    guard name.isEmpty else {
      return .ascending(
        runs.count, directories: runs.count, name: { runs[$0].name }, child: { slot throws(TreeError) in runs[slot] })
    }
    return .list(proposal.files + runs)
  }

  /// Runs that are united: `r0042+r0043`.
  func unlistedChild(named name: String, at position: Int) throws(TreeError) -> Node? {
    let names = name.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard (2...Self.mostParts).contains(names.count), names.allSatisfy(RunFolder.isRunName) else { return nil }
    let slots = try slots()
    var parts: [RunSlot] = []
    for name in names {
      guard let slot = slots.first(where: { $0.name == name }) else {
        throw .notFound(reason: "\(self.name)/\(name) is no run, so it cannot be part of a union")
      }
      if !parts.contains(where: { $0 === slot }) { parts.append(slot) }
    }
    guard parts.count > 1 else { return Node(parts[0]) }
    let location = RunLocation(parts.flatMap(\.location.parts), .union)
    guard let status = parts[0].status(at: 0) else { return nil }
    return Node(proposal.slot(place(name), location, status, in: self))
  }

  private func place(_ run: String) -> String { name.isEmpty ? run : "\(name)/\(run)" }

  /// The runs, by name.
  /// - Throws: ``TreeError``; must-wait where the directory has to be read, and this thread must not wait.
  private func slots() throws(TreeError) -> [RunSlot] {
    let now = MonotonicClock.seconds
    let known = listing.withLock { $0 }
    if let known, now - known.time < Self.listingSeconds { return known.slots }
    guard Request.current.mayWait else { throw .mustWait }
    if let status = DirectoryStatus(path: folders[0]) { latestStatus.withLock { $0 = status } }
    var runs: [String: (parts: [String], status: DirectoryStatus)] = [:]
    for folder in folders {
      guard let entries = RunFolder.runs(in: folder) else {
        // Of folders that are laid over each other one may be missing.
        if isOverlay, errno == ENOENT { continue }
        throw TreeError(.system(file: folder, errno: errno))
      }
      for entry in entries {
        runs[entry.name] = ((runs[entry.name]?.parts ?? []) + ["\(folder)/\(entry.name)"], entry.status)
      }
    }
    let slots = runs.sorted { $0.key.precedes($1.key) }.map { name, run in
      let slot = proposal.slot(place(name), RunLocation(run.parts, .overlay), run.status, in: self)
      slot.update(run.status)
      return slot
    }
    listing.withLock { $0 = Listing(slots: slots, time: now) }
    return slots
  }
}
