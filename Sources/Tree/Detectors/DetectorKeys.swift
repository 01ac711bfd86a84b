internal import EXDF

/// `keys/` of a detector.
final class DetectorKeysDirectory: DirectoryObject, DetectorObject {
  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func children(at position: Int) throws(TreeError) -> Children {
    var children: [Child] = []
    let directories = detector.keyDirectories
    for (number, key) in try detector.keys().enumerated() where try detector.isListed(number) {
      children.append(Child(FileNames.encode(key.name), Node(directories, at: number)))
    }
    return .list(children)
  }
}

/// The directories of a detector's keys; the position is that of the key.
final class DetectorKeyDirectories: DirectoryObject, DetectorObject {
  /// The files of a key, in the order of the listing. A new kind of file is a type of its own, and a line here.
  static let files: [any DetectorKeyFile] = [DetectorKeyArray()]

  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  func isNode(at position: Int) throws(TreeError) -> Bool { try detector.isListed(position) }

  func children(at position: Int) throws(TreeError) -> Children {
    let files = detector.keyFiles
    var children: [Child] = []
    for (number, file) in Self.files.enumerated() where try file.isListed(in: detector, key: position) {
      children.append(Child(file.name, Node(files, at: DetectorKeyFiles.position(of: number, key: position))))
    }
    children.append(Child("trains", Node(detector.keyTrains, at: position)))
    if try detector.hasFrames(try detector.key(position)) {
      children.append(Child("frames", Node(detector.keyFrames, at: position)))
    }
    return .list(children)
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    try detector.directoryAttributes(ofKey: position)
  }
}

/// A file in the directory of a detector's key.
protocol DetectorKeyFile: Sendable {
  var name: String { get }
  func isListed(in detector: TreeDetector, key: Int) throws(TreeError) -> Bool
  func content(of detector: TreeDetector, key: Int) throws(TreeError) -> Content
}

extension DetectorKeyFile {
  func isListed(in detector: TreeDetector, key: Int) throws(TreeError) -> Bool { true }
}

/// `array.npy`: all frames, the modules stacked.
struct DetectorKeyArray: DetectorKeyFile {
  let name = "array.npy"

  func content(of detector: TreeDetector, key: Int) throws(TreeError) -> Content { .array(detector.wholeStack(key)) }
}

/// The files in the directories of a detector's keys.
final class DetectorKeyFiles: LeafObject, StackObject {
  /// More kinds of files than these a position has no room for.
  private static let mostFiles = 1 << 6

  static func position(of file: Int, key: Int) -> Int { key * mostFiles + file }

  let identity: ObjectIdentity
  let detector: TreeDetector

  init(_ identity: ObjectIdentity, _ detector: TreeDetector) {
    self.identity = identity
    self.detector = detector
  }

  private func file(_ position: Int) -> (any DetectorKeyFile)? {
    let number = position % Self.mostFiles
    return number < DetectorKeyDirectories.files.count ? DetectorKeyDirectories.files[number] : nil
  }
  private func key(_ position: Int) -> Int { position / Self.mostFiles }

  func isNode(at position: Int) throws(TreeError) -> Bool {
    guard try detector.isListed(key(position)), let file = file(position) else { return false }
    return try file.isListed(in: detector, key: key(position))
  }

  func content(at position: Int) throws(TreeError) -> Content {
    guard let file = file(position) else { throw .notFound(reason: nil) }
    return try file.content(of: detector, key: key(position))
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    var texts = try detector.extendedAttributes(ofKey: key(position))
    texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
    return texts
  }
}

extension TreeDetector {
  private var place: String { "detectors/\(detector.name)/keys" }

  var keysDirectory: Node { Node(tree.object(place) { DetectorKeysDirectory($0, self) }) }
  var keyDirectories: DetectorKeyDirectories { tree.object("\(place)/*") { DetectorKeyDirectories($0, self) } }
  var keyFiles: DetectorKeyFiles { tree.object("\(place)/*/*") { DetectorKeyFiles($0, self) } }
  var keyTrains: DetectorKeyTrains { tree.object("\(place)/*/trains") { DetectorKeyTrains($0, self) } }
  var keyTrainFiles: DetectorKeyTrainFiles {
    tree.object("\(place)/*/trains/*") { DetectorKeyTrainFiles($0, self) }
  }
  var keyFrames: DetectorKeyFrames { tree.object("\(place)/*/frames") { DetectorKeyFrames($0, self) } }
  var frameTrains: FrameTrains { tree.object("\(place)/*/frames/*") { FrameTrains($0, self) } }

  /// What a directory of a key says: the same as its array.
  func directoryAttributes(ofKey number: Int) throws(TreeError) -> [String: String] {
    var texts = try extendedAttributes(ofKey: number)
    texts.merge(try Content.array(wholeStack(number)).arrayAttributes()) { _, own in own }
    return texts
  }
}
