internal import EXDF

/// `detectors/`: a directory for each multi-module detector; the position 0 is that of all.
final class DetectorsDirectory: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .detectors }

  func children(at position: Int) -> Children {
    .list(
      owner.detectors.all.indices.map { number in
        let detector = TreeDetector(owner, number)
        let directory = owner.object("detectors/\(detector.detector.name)") { DetectorDirectory($0, detector) }
        return Child(detector.detector.name, Node(directory))
      })
  }
}

/// The directory of a detector.
final class DetectorDirectory: DirectoryObject, DetectorObject {
  /// Its files, in the order of the listing. A new kind of file is a type of its own, and a line here.
  static let files: [any DetectorFile] = [
    DetectorInfo(), DetectorModules(), DetectorFrames(), DetectorTrainIDs(), DetectorPulseIDs(), DetectorCellIDs(),
    DetectorAvailability(),
  ]

  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func linkCount(at position: Int) -> Int { 3 }

  func children(at position: Int) throws(TreeError) -> Children {
    let files = detector.tree.object("detectors/\(detector.detector.name)/*") { DetectorFiles($0, detector) }
    var children: [Child] = []
    for (number, file) in Self.files.enumerated() where try file.isListed(in: detector) {
      children.append(Child(file.name, Node(files, at: number)))
    }
    return .list(children + [Child("keys", detector.keysDirectory)])
  }
}

/// A file in a detector's directory.
protocol DetectorFile: Sendable {
  var name: String { get }
  /// Files are not listed that the detector has no key for.
  func isListed(in detector: TreeDetector) throws(TreeError) -> Bool
  func content(of detector: TreeDetector) throws(TreeError) -> Content
}

extension DetectorFile {
  func isListed(in detector: TreeDetector) throws(TreeError) -> Bool { true }
}

/// The files of a detector's directory; the position is one in ``DetectorDirectory/files``.
final class DetectorFiles: LeafObject, DetectorObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    guard position < DetectorDirectory.files.count else { return false }
    return try DetectorDirectory.files[position].isListed(in: detector)
  }

  func content(at position: Int) throws(TreeError) -> Content {
    try DetectorDirectory.files[position].content(of: detector)
  }
}

extension RunTree {
  var detectorsDirectory: Node { Node(object("detectors") { DetectorsDirectory($0, self) }) }
}
