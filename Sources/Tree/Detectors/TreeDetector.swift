internal import ArrayIO
public import EXDF
internal import HDF5
internal import NPY
internal import Reports
internal import RunArrays

/// What shows the stack of a detector's key, of which the modules are an axis.
protocol StackObject: DetectorObject {}

/// A detector of a run's tree.
struct TreeDetector: Sendable {
  let tree: RunTree
  /// Its position among the tree's detectors.
  let number: Int

  init(_ tree: RunTree, _ number: Int) {
    self.tree = tree
    self.number = number
  }

  var detector: Detector { tree.detectors.all[number] }

  var modified: Time { tree.modified(files: Set(detector.modules.flatMap(\.source.files)).sorted()) }

  /// Keys that have positions.
  static let mostKeys = 1 << 9

  func keys() throws(TreeError) -> [DetectorKey] { try reading { () throws(ReadError) in try detector.keys } }

  /// The entries of the stack by train.
  func entries() throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try detector.frames.entries }
  }

  func isListed(_ key: Int) throws(TreeError) -> Bool {
    let keys = try keys()
    return key < min(keys.count, Self.mostKeys) && tree.arrays.obstacle(to: keys[key]) == nil
      && FileNames.fits(keys[key].name)
  }

  /// A key that can be stacked.
  func key(_ number: Int) throws(TreeError) -> DetectorKey {
    guard try isListed(number) else { throw .notFound(reason: nil) }
    return try keys()[number]
  }

  /// Whether a key can be taken apart by frames: cells lie along the first axis of an entry.
  func hasFrames(_ key: DetectorKey) throws(TreeError) -> Bool {
    guard detector.type.hasCells else { return true }
    return key.entryShape.first == (try reading { () throws(ReadError) in try detector.framesPerEntry })
  }

  /// The stack of a key over a range of trains.
  func stack(_ key: Int, trains: Range<Int>) throws(TreeError) -> any ArraySource {
    let key = try self.key(key)
    return try reading { () throws(ReadError) in
      try tree.arrays.stackedArray(of: key, of: detector, trains: trains, fill: tree.detectors.fills[key.name])
    }
  }

  func wholeStack(_ key: Int) -> ArrayContent {
    ArrayContent(
      describe: { () throws(TreeError) in
        let key = try self.key(key)
        return try reading { () throws(ReadError) in try tree.arrays.description(of: key, of: detector) }
      }, open: { () throws(TreeError) in try stack(key, trains: 0..<tree.run.trainIDs.count) })
  }

  func stack(_ key: Int, train: Int) -> ArrayContent {
    ArrayContent(
      describe: { () throws(TreeError) in
        let key = try self.key(key)
        let description = try reading { () throws(ReadError) in
          try tree.arrays.description(of: key, of: detector, train: train)
        }
        guard let description else { throw .notFound(reason: nil) }
        return description
      }, open: { () throws(TreeError) in try trainStack(key, train) })
  }

  private func trainStack(_ number: Int, _ train: Int) throws(TreeError) -> any ArraySource {
    let key = try key(number)
    let array = try reading { () throws(ReadError) in
      try tree.arrays.stackedArray(of: key, of: detector, train: train, fill: tree.detectors.fills[key.name])
    }
    guard let array else { throw .notFound(reason: nil) }
    return array
  }

  /// An array that the detector may not have.
  func array(_ make: (Detector) throws(ReadError) -> (any ArraySource)?) throws(TreeError) -> any ArraySource {
    guard let array = try reading({ () throws(ReadError) in try make(detector) }) else { throw .notFound(reason: nil) }
    return array
  }

  /// One frame: a slice of its train.
  func frame(_ frame: Int, of train: Int, _ key: Int) throws(TreeError) -> any ArraySource {
    let stack = try trainStack(key, train)
    let rows = try entries().location(ofTrain: train)?.rows ?? 0
    let perEntry = try reading { () throws(ReadError) in try detector.framesPerEntry }
    let isDeep = detector.type.hasCells && rows != 1
    do throws(Slice.Invalid) {
      return try SlicedArray(stack, try Slice(isDeep ? "\(frame / perEntry),\(frame % perEntry)" : "\(frame)"))
    } catch {
      throw .notFound(reason: nil)
    }
  }

  /// The names of a train's frames: pulse ids; cells are counted.
  ///
  /// An id that comes again in the same train, as in the parallel gain mode of LPD, has how often it came before behind it:
  /// `3`, `3.1`, `3.2`. A frame without an id has its position: `frame-17`.
  func frameNames(ofTrain train: Int) throws(TreeError) -> [String] {
    let index = try reading { () throws(ReadError) in try detector.frameIndex }
    let count = min(index.location(ofTrain: train)?.rows ?? 0, FrameFiles.mostFrames)
    guard let pulses = try pulses(train) else { return (0..<count).map { "\($0)" } }
    var seen: [UInt64: Int] = [:]
    return pulses.prefix(count).enumerated().map { position, pulse in
      guard let pulse else { return "frame-\(position)" }
      let before = seen[pulse, default: 0]
      seen[pulse] = before + 1
      return before == 0 ? "\(pulse)" : "\(pulse).\(before)"
    }
  }

  /// nil where frames have no pulse ids.
  private func pulses(_ train: Int) throws(TreeError) -> [UInt64?]? {
    try reading { () throws(ReadError) in
      guard try detector.key(of: .pulse) != nil else { return nil }
      return try detector.pulseIDs(ofTrain: train)
    }
  }

  /// As for a key of a source: the attributes of the dataset in the first module.
  func extendedAttributes(ofKey number: Int) throws(TreeError) -> [String: String] {
    let key = try key(number)
    var texts: [String: String] = [:]
    let source = detector.modules[key.reference].source
    if let own = key.numbers[key.reference] {
      let attributes = try reading { () throws(ReadError) in
        try tree.run.attributes(of: tree.run.keys(of: source)[own], in: source)
      }
      for (name, value) in attributes { texts[name] = KeyReports.text(of: value) }
      texts["units"] = Run.units(in: attributes)
    }
    texts["source"] = detector.name
    texts["key"] = key.name
    return texts
  }
}

extension RunTree {
  /// The detectors of the tree, by name.
  public var stackedDetectors: [Detector] { detectors.all }

  /// Checks what the user chose for missing data against the keys that there are.
  /// - Throws: ``TreeError/notFound(reason:)`` with a sentence for the user.
  public func checkFills() throws(TreeError) {
    for (name, fill) in detectors.fills.sorted(by: { $0.key.precedes($1.key) }) {
      var isFound = false
      for detector in detectors.all {
        let key = try reading { () throws(ReadError) in try detector.key(named: name) }
        guard let key, arrays.obstacle(to: key) == nil else { continue }
        isFound = true
        let element = try reading { () throws(ReadError) in try arrays.layout(of: key, of: detector).element }
        guard fill.bytes(as: element) != nil else {
          throw .notFound(reason: "the fill value for \(name) does not fit its type \(element.descriptor)")
        }
      }
      guard isFound else {
        throw .notFound(reason: "no detector of the run has the key \(name) that a fill value is given for")
      }
    }
  }
}
