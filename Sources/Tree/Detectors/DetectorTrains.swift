internal import ArrayIO
internal import EXDF

/// `trains/` of a detector's keys; the position is that of the key.
final class DetectorKeyTrains: TrainRangeDirectory, StackObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool { try detector.isListed(position) }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) throws(TreeError) -> Children {
    let files = detector.keyTrainFiles
    let first = detector.position(ofKey: position)
    return .trains(of: detector.tree, try detector.entries(), kind: .file) { Node(files, at: first + $0) }
  }

  func array(ofTrains trains: Range<Int>, at position: Int) throws(TreeError) -> any ArraySource {
    try detector.stack(position, trains: trains)
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try detector.directoryAttributes(ofKey: position)
  }
}

/// One stacked train of a detector's key each.
final class DetectorKeyTrainFiles: LeafObject, StackObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool { try detector.isListed(detector.keyAndTrain(position).key) }

  func content(at position: Int) -> Content {
    let (key, train) = detector.keyAndTrain(position)
    return .array(detector.stack(key, train: train))
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    var texts = try detector.extendedAttributes(ofKey: detector.keyAndTrain(position).key)
    texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
    return texts
  }
}

extension TreeDetector {
  private var trains: Int { max(1, tree.run.trainIDs.count) }

  /// Where the trains of a key begin among positions that stand for a key and a train.
  func position(ofKey key: Int) -> Int { key * trains }

  func keyAndTrain(_ position: Int) -> (key: Int, train: Int) { (position / trains, position % trains) }
}
