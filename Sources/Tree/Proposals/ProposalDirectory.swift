internal import EXDF
internal import Glibc
internal import HDF5
internal import Synchronization
internal import Threads

/// The top directory of a proposal.
final class ProposalDirectory: ProposalObject, DirectoryObject {
  private struct Listing {
    var folders: [RunFolderDirectory]
    var time: Int
  }

  let identity: ObjectIdentity
  private let proposal: ProposalTree
  private let listing = Mutex<Listing?>(nil)

  init(_ identity: ObjectIdentity, _ proposal: ProposalTree) {
    self.identity = identity
    self.proposal = proposal
  }

  func modified(at position: Int) -> Time { proposal.modified }
  func status(at position: Int) -> DirectoryStatus? { proposal.status }
  func directories(at position: Int) -> [String] { [proposal.path] }

  func children(at position: Int) throws(TreeError) -> Children {
    .list(proposal.files + (try folders().map { Child($0.name, Node($0)) }))
  }

  /// Folders with runs, and `all` where there are the two that it is made of.
  private func folders() throws(TreeError) -> [RunFolderDirectory] {
    let now = MonotonicClock.seconds
    let known = listing.withLock { $0 }
    if let known, now - known.time < RunFolderDirectory.listingSeconds { return known.folders }
    guard Request.current.mayWait else { throw .mustWait }
    guard DirectoryStatus(path: proposal.path) != nil else {
      throw TreeError(.system(file: proposal.path, errno: errno))
    }
    let names = RunFolder.names(inProposal: proposal.path).filter { name in
      !proposal.files.contains { $0.name == name }
    }
    var folders = names.map { proposal.folder($0, ["\(proposal.path)/\($0)"]) }
    // A folder that is really called so would be hidden.
    if Set(ProposalTree.overlaid).isSubset(of: names), !names.contains("all") {
      folders.append(proposal.folder("all", ProposalTree.overlaid.map { "\(proposal.path)/\($0)" }))
    }
    let found = folders
    listing.withLock { $0 = Listing(folders: found, time: now) }
    return found
  }
}

extension ProposalTree {
  /// The folders that `all/` lays over each other; whole sources of the later one win.
  static let overlaid = ["raw", "proc"]

  /// The files of the top directory.
  var files: [Child] {
    let object = object("*") { ProposalFiles($0, self) }
    return ProposalFiles.all.indices.map { Child(ProposalFiles.all[$0].name, Node(object, at: $0)) }
  }

  /// The folders of runs as they are now, without those that lie over others. Looks at the directories.
  func runFolders() -> [(name: String, runs: [(name: String, path: String)])] {
    let folders = hasFolders ? RunFolder.names(inProposal: path) : [""]
    return folders.map { folder in
      let directory = folder.isEmpty ? path : "\(path)/\(folder)"
      return (folder, (RunFolder.runs(in: directory) ?? []).map { ($0.name, "\(directory)/\($0.name)") })
    }
  }

  /// All run directories as they are now.
  func runDirectories() -> [RunDirectoryState] {
    runFolders().flatMap(\.runs).compactMap { run in
      DirectoryStatus(path: run.path).map { RunDirectoryState(path: run.path, status: $0) }
    }
  }

  /// Of the proposal's directory when it was mounted.
  var modified: Time { status.map(Time.init) ?? Time(seconds: 0) }
}
