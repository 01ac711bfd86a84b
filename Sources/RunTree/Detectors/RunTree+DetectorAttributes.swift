internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
internal import Reports
internal import RunArrays

extension RunTree {
  /// Directories in a directory below `detectors/`, `.` and `..` counted as `stat` does.
  func detectorLinkCount(_ node: DetectorNode) throws(TreeError) -> Int {
    switch node {
    case .top: return 2 + detectors.all.count
    case .detector: return 3
    case .keys(let number):
      let detector = try detector(number)
      var count = 2
      for key in try keys(of: detector).indices where try isListed(key, of: detector) { count += 1 }
      return count
    case .key(let number, let key):
      let detector = try detector(number)
      return try hasFrames(try detectorKey(key, of: detector), of: detector) ? 4 : 3
    case .frames(let number, _): return 2 + (try entries(of: try detector(number))).trainsWithData
    default: return 2
    }
  }

  func detectorModified(_ node: DetectorNode) -> Time {
    guard let number = node.detector, number < detectors.all.count else { return modified }
    let files = Set(detectors.all[number].modules.flatMap(\.source.files))
    return modified(files: files.sorted())
  }

  /// As for a key of a source: of the array, and the attributes of the dataset in the first module.
  func detectorExtendedAttributes(_ node: DetectorNode) throws(TreeError) -> [String: String] {
    var texts: [String: String] = [:]
    if let number = node.detector, let keyNumber = node.key {
      let detector = try detector(number)
      let key = try detectorKey(keyNumber, of: detector)
      let source = detector.modules[key.reference].source
      if let own = key.numbers[key.reference] {
        let attributes = try reading { () throws(ReadError) in
          try run.attributes(of: run.keys(of: source)[own], in: source)
        }
        for (name, value) in attributes { texts[name] = KeyReports.text(of: value) }
        texts["units"] = Run.units(in: attributes)
      }
      texts["source"] = detector.name
      texts["key"] = key.name
    }
    let array: DetectorNode =
      switch node {
      case .key(let number, let key), .trains(let number, let key), .frames(let number, let key):
        .array(number, key: key)
      default: node
      }
    if array.kind == .file, let description = try detectorDescription(array) {
      texts["dtype"] = description.element.descriptor
      texts["shape"] = Shape.literal(description.shape)
    }
    return texts
  }

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
