internal import ArrayIO
internal import EXDF
internal import HDF5
internal import RunArrays

// Names below `detectors/`.

extension RunTree {
  /// The node of that name in a directory below `detectors/`; nil where there is none.
  func detectorChild(_ name: String, of directory: DetectorNode) throws(TreeError) -> DetectorNode? {
    switch directory {
    case .top: return detectors.number(named: name).map { .detector($0) }
    case .detector(let number):
      if name == "keys" { return .keys(number) }
      return try detectorFiles(try detector(number)).first { $0.name == name }.map { .file(number, $0) }
    case .keys(let number):
      let detector = try detector(number)
      return try listedKeys(of: detector).first { $0.name == name }.map { .key(number, key: $0.number) }
    case .key(let number, let key): return try detectorKeyList(number, key).first { $0.0 == name }?.1
    case .trains(let number, let key):
      guard let train = try stackedTrain(Self.stem(name), try detector(number)) else { return nil }
      return .train(number, key: key, train: train)
    case .frames(let number, let key):
      guard let train = try stackedTrain(name, try detector(number)) else { return nil }
      return .frameTrain(number, key: key, train: train)
    case .frameTrain(let number, let key, let train):
      guard let stem = Self.stem(name), let frame = try frame(named: stem, of: train, try detector(number)) else {
        return nil
      }
      return .frame(number, key: key, train: train, frame: frame)
    case .file, .array, .train, .frame: throw .notADirectory
    }
  }

  /// Goes through the entries of a directory below `detectors/`; see ``entries(of:from:_:)``.
  func detectorEntries(
    of directory: DetectorNode, from cookie: Int, _ take: (TreeEntry, Int) -> Bool
  ) throws(TreeError) {
    switch directory {
    case .trains(let number, let key):
      try listStackedTrains(try detector(number), from: cookie, take) { train in
        ("\(run.trainIDs[train]).npy", .train(number, key: key, train: train))
      }
    case .frames(let number, let key):
      try listStackedTrains(try detector(number), from: cookie, take) { train in
        ("\(run.trainIDs[train])", .frameTrain(number, key: key, train: train))
      }
    default:
      let list = try detectorList(directory)
      guard cookie >= 0, cookie < list.count else { return }
      for index in cookie..<list.count {
        let node = list[index].1
        guard take(TreeEntry(name: list[index].0, node: .detector(node), kind: node.kind), index + 1) else { return }
      }
    }
  }

  private func listStackedTrains(
    _ detector: Detector, from cookie: Int, _ take: (TreeEntry, Int) -> Bool, _ entry: (Int) -> (String, DetectorNode)
  ) throws(TreeError) {
    let index = try entries(of: detector)
    var next = index.nextTrain(from: cookie)
    while let train = next {
      let (name, node) = entry(train)
      guard take(TreeEntry(name: name, node: .detector(node), kind: node.kind), train + 1) else { return }
      next = index.nextTrain(from: train + 1)
    }
  }

  private func detectorList(_ directory: DetectorNode) throws(TreeError) -> [(String, DetectorNode)] {
    switch directory {
    case .top: return detectors.all.indices.map { (detectors.all[$0].name, .detector($0)) }
    case .detector(let number):
      return try detectorFiles(try detector(number)).map { ($0.name, .file(number, $0)) } + [("keys", .keys(number))]
    case .keys(let number):
      return try listedKeys(of: try detector(number)).map { ($0.name, .key(number, key: $0.number)) }
    case .key(let number, let key): return try detectorKeyList(number, key)
    case .frameTrain(let number, let key, let train):
      return try frameNames(train, try detector(number)).enumerated()
        .map { ("\($0.element).npy", .frame(number, key: key, train: train, frame: $0.offset)) }
    default: throw .notADirectory
    }
  }

  private func detectorKeyList(_ number: Int, _ key: Int) throws(TreeError) -> [(String, DetectorNode)] {
    let detector = try detector(number)
    let described = try detectorKey(key, of: detector)
    var list: [(String, DetectorNode)] = [
      ("array.npy", .array(number, key: key)), ("trains", .trains(number, key: key)),
    ]
    if try hasFrames(described, of: detector) { list.append(("frames", .frames(number, key: key))) }
    return list
  }

  /// The keys that have a directory, and its name.
  private func listedKeys(of detector: Detector) throws(TreeError) -> [(number: Int, name: String)] {
    var listed: [(number: Int, name: String)] = []
    for (number, key) in try keys(of: detector).enumerated() where try isListed(number, of: detector) {
      listed.append((number, FileNames.encode(key.name)))
    }
    return listed
  }

  private func stackedTrain(_ text: (some StringProtocol)?, _ detector: Detector) throws(TreeError) -> Int? {
    let entries = try entries(of: detector)
    return trainPosition(text).flatMap { entries.location(ofTrain: $0) == nil ? nil : $0 }
  }

  // MARK: - Frames

  /// The names of a train's frames: pulse ids; cells are counted.
  ///
  /// An id that comes again in the same train, as in the parallel gain mode of LPD, has how often it came before behind it:
  /// `3`, `3.1`, `3.2`. A frame without an id has its position: `frame-17`.
  private func frameNames(_ train: Int, _ detector: Detector) throws(TreeError) -> [String] {
    let index = try reading { () throws(ReadError) in try detector.frameIndex }
    let count = min(index.location(ofTrain: train)?.rows ?? 0, DetectorNode.mostFrames)
    guard let pulses = try pulses(train, detector) else { return (0..<count).map { "\($0)" } }
    var seen: [UInt64: Int] = [:]
    return pulses.prefix(count).enumerated().map { position, pulse in
      guard let pulse else { return "frame-\(position)" }
      let before = seen[pulse, default: 0]
      seen[pulse] = before + 1
      return before == 0 ? "\(pulse)" : "\(pulse).\(before)"
    }
  }

  private func frame(named name: Substring, of train: Int, _ detector: Detector) throws(TreeError) -> Int? {
    try frameNames(train, detector).firstIndex { $0 == name }
  }

  /// nil where frames have no pulse ids.
  private func pulses(_ train: Int, _ detector: Detector) throws(TreeError) -> [UInt64?]? {
    try reading { () throws(ReadError) in
      guard try detector.key(of: .pulse) != nil else { return nil }
      return try detector.pulseIDs(ofTrain: train)
    }
  }
}
