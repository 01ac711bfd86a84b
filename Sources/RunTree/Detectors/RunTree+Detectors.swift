internal import ArrayIO
public import EXDF
internal import HDF5
internal import NPY
internal import Reports
internal import RunArrays

// What is where below `detectors/`, and what it holds.

extension RunTree {
  /// The detectors of the tree, by name.
  public var stackedDetectors: [Detector] { detectors.all }

  func detector(_ number: Int) throws(TreeError) -> Detector {
    guard number < detectors.all.count else { throw .notFound(reason: nil) }
    return detectors.all[number]
  }

  /// The key at a place, if it can be stacked.
  func detectorKey(_ number: Int, of detector: Detector) throws(TreeError) -> DetectorKey {
    guard try isListed(number, of: detector) else { throw .notFound(reason: nil) }
    return try keys(of: detector)[number]
  }

  func keys(of detector: Detector) throws(TreeError) -> [DetectorKey] {
    try reading { () throws(ReadError) in try detector.keys }
  }

  /// The entries of a detector's stack by train.
  func entries(of detector: Detector) throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try detector.frames.entries }
  }

  func isListed(_ key: Int, of detector: Detector) throws(TreeError) -> Bool {
    let keys = try keys(of: detector)
    return key < min(keys.count, DetectorNode.mostKeys) && arrays.obstacle(to: keys[key]) == nil
      && keys[key].name.utf8.count <= FileNames.longest
  }

  /// The files in a detector's directory: without what it has no keys for.
  func detectorFiles(_ detector: Detector) throws(TreeError) -> [DetectorFile] {
    let (hasPulses, hasCells) = try reading { () throws(ReadError) in
      (try detector.key(of: .pulse) != nil, try detector.key(of: .cell) != nil)
    }
    return DetectorFile.allCases.filter { file in
      switch file {
      case .pulseIDs: hasPulses
      case .cellIDs: hasCells
      default: true
      }
    }
  }

  /// Whether a key can be taken apart by frames: cells lie along the first axis of an entry.
  func hasFrames(_ key: DetectorKey, of detector: Detector) throws(TreeError) -> Bool {
    guard detector.type.hasCells else { return true }
    return key.entryShape.first == (try reading { () throws(ReadError) in try detector.framesPerEntry })
  }

  /// The text of a detector's file, without those that are made in the background.
  func detectorText(_ node: DetectorNode) throws(ReadError) -> [UInt8] {
    guard case .file(let number, .modules) = node, number < detectors.all.count else { return [] }
    return try DetectorReports.modules(of: detectors.all[number])
  }

  /// The text of a file that is made in the background, and how.
  func madeText(_ node: DetectorNode) -> MadeText? {
    guard case .file(let number, let file) = node, let cell = detectors.slowText(file, of: number) else { return nil }
    let detector = detectors.all[number]
    let arrays = arrays
    return MadeText(cell, progress: progress) { () throws(ReadError) in
      file == .frames
        ? try DetectorReports.frames(of: detector) : try DetectorReports.info(of: detector, in: arrays)
    }
  }

  /// What a `.npy` below `detectors/` holds; nil for a text.
  func detectorDescription(_ node: DetectorNode) throws(TreeError) -> ArrayDescription? {
    guard let number = node.detector else { return nil }
    let detector = try detector(number)
    switch node {
    case .array(_, let key):
      let key = try detectorKey(key, of: detector)
      return try reading { () throws(ReadError) in try arrays.description(of: key, of: detector) }
    case .train(_, let key, let train):
      let key = try detectorKey(key, of: detector)
      return try reading { () throws(ReadError) in try arrays.description(of: key, of: detector, train: train) }
    default: return try detectorArray(node)?.description
    }
  }

  /// The array of a `.npy` below `detectors/`; nil for a text.
  func detectorArray(_ node: DetectorNode) throws(TreeError) -> (any ArraySource)? {
    guard let number = node.detector else { return nil }
    let detector = try detector(number)
    switch node {
    case .file(_, .trainIDs):
      return TrainIDArray(of: try reading { () throws(ReadError) in try detector.frameIndex }, in: run)
    case .file(_, .pulseIDs): return try reading { () throws(ReadError) in try FrameLabelArray(.pulse, of: detector) }
    case .file(_, .cellIDs): return try reading { () throws(ReadError) in try FrameLabelArray(.cell, of: detector) }
    case .file(_, .availability): return try reading { () throws(ReadError) in try AvailabilityArray(of: detector) }
    case .array(let number, let key): return try stack(number, key, trains: 0..<run.trainIDs.count)
    case .train(_, let key, let train): return try trainStack(detector, key, train)
    case .frame(_, let key, let train, let number): return try frame(number, of: train, key, detector)
    default: return nil
    }
  }

  /// The stack of a key over a range of trains.
  func stack(_ number: Int, _ key: Int, trains: Range<Int>) throws(TreeError) -> any ArraySource {
    let detector = try self.detector(number)
    let key = try detectorKey(key, of: detector)
    return try reading { () throws(ReadError) in
      try arrays.stackedArray(of: key, of: detector, trains: trains, fill: detectors.fills[key.name])
    }
  }

  private func trainStack(_ detector: Detector, _ number: Int, _ train: Int) throws(TreeError) -> any ArraySource {
    let key = try detectorKey(number, of: detector)
    let array = try reading { () throws(ReadError) in
      try arrays.stackedArray(of: key, of: detector, train: train, fill: detectors.fills[key.name])
    }
    guard let array else { throw .notFound(reason: nil) }
    return array
  }

  /// One frame: a slice of its train.
  private func frame(
    _ frame: Int, of train: Int, _ key: Int, _ detector: Detector
  ) throws(TreeError) -> any ArraySource {
    let stack = try trainStack(detector, key, train)
    let rows = try entries(of: detector).location(ofTrain: train)?.rows ?? 0
    let perEntry = try reading { () throws(ReadError) in try detector.framesPerEntry }
    let isDeep = detector.type.hasCells && rows != 1
    do throws(Slice.Invalid) {
      return try SlicedArray(stack, try Slice(isDeep ? "\(frame / perEntry),\(frame % perEntry)" : "\(frame)"))
    } catch {
      throw .notFound(reason: nil)
    }
  }
}
