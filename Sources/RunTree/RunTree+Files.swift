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
}

extension RunTree {
  /// The paths of the HDF5 files that the bytes of a node are made from, or the names in it where it is a directory: without the right
  /// to read all of them a reader has no right to the node.
  ///
  /// Arithmetic only, and empty for a number that is no node's. Files outside of the run, which files of the run refer to, are not
  /// among them.
  public func files(behind node: Node) -> [String] { files(in: scope(of: node)) }

  /// The paths of the HDF5 files that something is made from.
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

  /// What a node is made from, or the names in it where it is a directory.
  public func scope(of node: Node) -> FileScope {
    switch node {
    case .root, .files, .fileLink: .names
    case .rootFile(let file): file.isReport ? .directory : .run
    case .fileReport(let file): .file(file)
    case .sources, .trains, .train: .run
    case .sourcePath(let path), .trainPath(_, let path): .sources(below: path)
    case .source(let source), .sourceFile(let source, _), .keys(let source), .key(let source, _),
      .keyFile(let source, _, _), .keyTrains(let source, _), .keyTrain(let source, _, _), .trainSource(_, let source),
      .trainKey(_, let source, _):
      .source(source)
    case .detector(let place): place.detector.map { .detector($0) } ?? .detectors
    case .export(.top): .detectors
    case .export(.run): .run
    case .export(.cxi(let detector)): .detector(detector)
    case .slice(let number): slices[number].map { scope(of: $0.base) } ?? .names
    }
  }

  /// What has to be readable for a reader to look names up in a directory, or to see the attributes of a node.
  ///
  /// Directories that hold things from different files can be passed on the way to those that the reader may see.
  public func scope(toPass node: Node) -> FileScope {
    switch scope(of: node) {
    case .source(let source): .source(source)
    case .detector(let detector): .detector(detector)
    default: .names
    }
  }

  private func scope(of base: SliceTable.Base) -> FileScope {
    switch base {
    case .node(let node): scope(of: node)
    case .trains(let source, _, _): .source(source)
    case .detectorTrains(let detector, _, _): .detector(detector)
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
