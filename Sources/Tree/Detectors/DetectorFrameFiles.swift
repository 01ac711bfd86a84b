internal import EXDF

/// `frames/` of a detector's keys; the position is that of the key.
final class DetectorKeyFrames: DirectoryObject, DetectorObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    guard try detector.isListed(position) else { return false }
    return try detector.hasFrames(try detector.key(position))
  }

  func children(at position: Int) throws(TreeError) -> Children {
    let directories = detector.frameTrains
    let first = detector.position(ofKey: position)
    return .trains(of: detector.tree, try detector.entries(), kind: .directory) { Node(directories, at: first + $0) }
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try detector.directoryAttributes(ofKey: position)
  }
}

/// The frames of a train, for a detector's keys.
final class FrameTrains: DirectoryObject, DetectorObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    let key = detector.keyAndTrain(position).key
    guard try detector.isListed(key) else { return false }
    return try detector.hasFrames(try detector.key(key))
  }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) throws(TreeError) -> Children {
    let (key, train) = detector.keyAndTrain(position)
    let files = detector.tree.object("detectors/\(detector.detector.name)/keys/\(key)/frames/*/*") {
      FrameFiles($0, detector, key: key)
    }
    return .list(
      try detector.frameNames(ofTrain: train).enumerated().map { number, name in
        Child(name: "\(name).npy", node: Node(files, at: FrameFiles.position(of: number, train: train)), kind: .file)
      })
  }

  /// A key and a train; the frame's own attributes are those of its file.
  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try detector.extendedAttributes(ofKey: detector.keyAndTrain(position).key)
  }
}

/// The frames of one key of a detector, one file each.
final class FrameFiles: LeafObject, StackObject {
  /// More frames of one train than these have no position.
  static let mostFrames = 1 << 13

  static func position(of frame: Int, train: Int) -> Int { train * mostFrames + frame }

  let identity: ObjectIdentity
  let detector: TreeDetector
  private let key: Int

  init(_ identity: ObjectIdentity, _ detector: TreeDetector, key: Int) {
    self.identity = identity
    self.detector = detector
    self.key = key
  }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    guard try detector.isListed(key), position / Self.mostFrames < detector.tree.run.trainIDs.count else {
      return false
    }
    return try detector.hasFrames(try detector.key(key))
  }

  func content(at position: Int) -> Content {
    .array(
      ArrayContent { [detector, key] () throws(TreeError) in
        try detector.frame(position % Self.mostFrames, of: position / Self.mostFrames, key)
      })
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    var texts = try detector.extendedAttributes(ofKey: key)
    texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
    return texts
  }
}
