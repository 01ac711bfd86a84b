internal import EXDF
internal import Glibc

/// Keeps every output out of the runs: raw data cannot be taken again, so no command may change a file of a run, add one to its
/// directory or remove one, whatever its arguments.
///
/// Files and directories are known by device and inode. So a link, a hard link, a relative path, a bind mount and another name of
/// the directory make no difference.
struct RunGuard {
  private var files: Set<Inode> = []
  private var directories: Set<Inode> = []

  /// A guard of these runs: directories, or single files. What is not there is no run, and opening it will say so.
  ///
  /// Nothing is written beside files that are named as a run's either, whatever run that is.
  init(runs: [String] = []) {
    for run in runs { add(run) }
  }

  /// A guard of whatever SOURCEs name: of a proposal the folders that its runs are in.
  init(sources: [String]) {
    for source in sources {
      switch try? RunSource(source) {
      case .run(let location)?: for run in location.parts { add(run) }
      case .runs(let directory)?: add(directory)
      case .proposal(let directory)?:
        for folder in RunFolder.names(inProposal: directory) { add("\(directory)/\(folder)") }
      case nil: add(source)
      }
    }
  }

  private mutating func add(_ run: String) {
    guard let resolved = realpath(run, nil) else { return }
    defer { free(resolved) }
    let path = String(cString: resolved)
    if let directory = try? OutputDirectory(path) {
      directories.insert(directory.inode)
      // Links among them lead to the files themselves, which may lie anywhere.
      for name in directory.names() ?? [] { add(file: directory.path(of: name)) }
    } else {
      add(file: path)
      // The file's run is all that lies beside it, if that is how its directory looks.
      let above = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
      if let directory = try? OutputDirectory(above.isEmpty ? "/" : above), Self.looksLikeRun(directory) { add(above) }
    }
  }

  private mutating func add(file path: String) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { files.insert(Inode(status)) }
  }

  /// Whether there are files in it that are named `RAW-R0042-DA01-S00000.h5` and the like. Links of such names make no run: the
  /// tree's own `files/` has them, and so has a copy of it.
  private static func looksLikeRun(_ directory: OutputDirectory) -> Bool {
    directory.names()?.contains { name in
      var status = stat()
      return FileName(name) != nil && fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        && status.st_mode & S_IFMT == S_IFREG
    } ?? false
  }

  /// Throws a sentence if what would be written there is a file of a run, or would lie in a run's directory or below it.
  func check(_ place: OutputPlace) throws(Failure) {
    try check(occupantOf: place)
    // What a descriptor of ours leads to has been opened by the caller, wherever it lies.
    if case .descriptor = place.occupant { return }
    try check(place.directory, for: place.path)
  }

  /// The first half of it, for places in a directory that has been checked: throws a sentence if what is there is a run's.
  func check(occupantOf place: OutputPlace) throws(Failure) {
    guard let inode = place.inode else { return }
    if files.contains(inode) { throw Self.isFile(place.path) }
    if directories.contains(inode) { throw Self.isInside(place.path) }
  }

  /// Throws a sentence if the directory is a run's, or lies below one.
  func check(_ directory: OutputDirectory, for path: String) throws(Failure) {
    // In /tmp anybody may have put a file of such a name.
    if !directory.isShared, Self.looksLikeRun(directory) { throw Self.isInside(path) }
    var next: OutputDirectory? = directory
    while let directory = next {
      if directories.contains(directory.inode) { throw Self.isInside(path) }
      next = directory.parent
    }
  }

  /// Throws a sentence if the descriptor is that of a run's file.
  func check(descriptor: Int32, for path: String) throws(Failure) {
    var status = stat()
    if fstat(descriptor, &status) == 0, files.contains(Inode(status)) { throw Self.isFile(path) }
  }

  private static func isFile(_ path: String) -> Failure {
    Failure("\(path) is a file of the run, and nothing is ever written into a run: give another place")
  }

  private static func isInside(_ path: String) -> Failure {
    Failure("\(path) lies in the directory of a run, and nothing is ever written into a run: give another place")
  }
}
