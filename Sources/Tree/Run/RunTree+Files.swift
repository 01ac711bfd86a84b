internal import EXDF
internal import HDF5

/// Which of the run's HDF5 files something in the tree is made from.
public enum FileScope: Hashable, Sendable {
  /// None: names that every run has, and the names of its files.
  case names
  /// All that the run uses.
  case run
  /// All in its directory, those that cannot be used among them.
  case directory
  /// One, by its position among the names in `files/`.
  case file(Int)
  /// Those of one source.
  case source(Int)
  /// Those of all sources below a directory that slashes in their names make.
  case sources(below: Int)
  /// Those of all modules of a detector.
  case detector(Int)
  /// Those of all modules of all detectors.
  case detectors

  /// What has to be readable for a reader to look names up in a directory that is made from this, or to see the attributes of a node.
  ///
  /// Directories that hold things from different files can be passed on the way to those that the reader may see.
  public var toPass: FileScope {
    switch self {
    case .source, .detector: self
    default: .names
    }
  }
}

extension Node {
  /// What it is made from, or the names in it where it is a directory.
  public var scope: FileScope { object.scope(at: position) }
}

extension RunTree {
  /// The paths of the HDF5 files that something is made from: without the right to read all of them a reader has no right to it.
  ///
  /// Arithmetic only, and empty for what is not there. Files outside of the run, which files of the run refer to, are not among them.
  public func files(in scope: FileScope) -> [String] {
    switch scope {
    case .names: []
    case .run: run.files.map(\.reference.path)
    case .directory: fileLinks.map(\.path)
    case .file(let number): number < fileLinks.count ? [fileLinks[number].path] : []
    case .source(let source): source < run.sources.count ? paths(of: run.sources[source].files) : []
    case .sources(let path): paths(of: Set(sources(below: path).flatMap { run.sources[$0].files }).sorted())
    case .detector(let number):
      number < detectors.all.count ? paths(of: files(of: CollectionOfOne(detectors.all[number]))) : []
    case .detectors: paths(of: files(of: detectors.all))
    }
  }

  private func paths(of files: [Int]) -> [String] { files.map { run.files[$0].reference.path } }

  private func files(of detectors: some Sequence<Detector>) -> [Int] {
    Set(detectors.flatMap { $0.modules.flatMap(\.source.files) }).sorted()
  }

  private func sources(below path: Int) -> [Int] {
    guard path < paths.directories.count else { return [] }
    var found = paths.directories[path].source.map { [$0] } ?? []
    for child in paths.directories[path].children {
      switch child.target {
      case .directory(let directory): found += sources(below: directory)
      case .source(let source): found.append(source)
      }
    }
    return found
  }
}
