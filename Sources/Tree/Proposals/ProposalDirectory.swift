internal import EXDF
internal import Glibc
internal import HDF5
internal import Synchronization
internal import Threads

/// The top directory of a proposal.
final class ProposalDirectory: ProposalObject, DirectoryObject {
  private struct Listing {
    var folders: [String]
    var time: Int
  }

  let identity: ObjectIdentity
  private let proposal: ProposalTree
  private let listing = Mutex<Listing?>(nil)

  init(_ identity: ObjectIdentity, _ proposal: ProposalTree) {
    self.identity = identity
    self.proposal = proposal
  }

  func isNode(at position: Int) -> Bool { position == 0 }
  func modified(at position: Int) -> Time { proposal.modified(proposal.path) }
  func directories(at position: Int) -> [String] { [proposal.path] }

  func children(at position: Int) throws(TreeError) -> Children {
    .list(proposal.files + (try folders().map { Child($0, Node(proposal.folderObject($0))) }))
  }

  /// Folders with runs, and `all` where there are the two that it is made of.
  func folders() throws(TreeError) -> [String] {
    let now = MonotonicClock.seconds
    let known = listing.withLock { $0 }
    if let known, now - known.time < RunFolderDirectory.listingSeconds { return known.folders }
    guard Request.current.mayWait else { throw .mustWait }
    guard DirectoryStatus(path: proposal.path) != nil else {
      throw TreeError(.system(file: proposal.path, errno: errno))
    }
    var folders = RunFolder.names(inProposal: proposal.path)
    // A folder that is really called so would be hidden.
    if Set(ProposalTree.overlaid).isSubset(of: folders), !folders.contains("all") { folders.append("all") }
    folders.removeAll { name in proposal.files.contains { $0.name == name } }
    listing.withLock { $0 = Listing(folders: folders, time: now) }
    return folders
  }
}

extension ProposalTree {
  /// The folders that `all/` lays over each other; whole sources of the later one win.
  static let overlaid = ["raw", "proc"]

  /// A folder by its name in the tree.
  func folderObject(_ name: String) -> RunFolderDirectory {
    let isOverlay = name == "all" && DirectoryStatus(path: "\(path)/all") == nil
    return folder(name, path: isOverlay || name.isEmpty ? path : "\(path)/\(name)")
  }

  /// The directory that runs are listed in, by its place.
  func folderDirectory(named name: String) -> Node? { Node(folderObject(name)) }

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

  func modified(_ path: String) -> Time { DirectoryStatus(path: path).map(Time.init) ?? Time(seconds: 0) }
}
