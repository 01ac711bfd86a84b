internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
internal import Reports
internal import RunArrays

extension RunTree {
  /// The extended attributes of a node by name, `user.` included: of arrays and the directories that hold them.
  /// - Throws: ``TreeError/unreadable(_:)``.
  public func extendedAttributes(of node: Node) throws(TreeError) -> [String: [UInt8]] {
    try check(node)
    if let place = detectorNode(of: node) {
      var texts = try detectorExtendedAttributes(place)
      if case .slice = node, let description = try arrayDescription(of: node) {
        texts["dtype"] = description.element.descriptor
        texts["shape"] = Shape.literal(description.shape)
      }
      return Self.named(texts)
    }
    if case .train(let train) = node { return Self.named(["timestamp": try timestamp(of: train)]) }
    guard let (number, key) = sourceAndKey(of: node), try isValid(source: number, key: key) else {
      return try plainAttributes(of: node)
    }
    let source = run.sources[number]
    let described = try keys(of: number)[key]
    var texts: [String: String] = [:]
    let attributes = try reading { () throws(ReadError) in try run.attributes(of: described, in: source) }
    for (name, value) in attributes { texts[name] = KeyReports.text(of: value) }
    texts["source"] = source.name
    texts["key"] = described.name
    texts["units"] = Run.units(in: attributes)
    if try hasArray(number, key) {
      let array: Node =
        switch node {
        case .key, .keyTrains: .keyFile(source: number, key: key, .array)
        default: node
        }
      if let description = try arrayDescription(of: array) {
        texts["dtype"] = description.element.descriptor
        texts["shape"] = Shape.literal(description.shape)
      }
    }
    return Self.named(texts)
  }

  /// The names of ``extendedAttributes(of:)``; no file is asked for those of a train.
  /// - Throws: ``TreeError/unreadable(_:)``.
  public func extendedAttributeNames(of node: Node) throws(TreeError) -> [String] {
    if case .train = node {
      try check(node)
      return ["user.timestamp"]
    }
    return try extendedAttributes(of: node).keys.sorted()
  }

  /// When a train was, as in trains.csv; empty where no file knows.
  private func timestamp(of train: Int) throws(TreeError) -> String {
    let times = try reading { () throws(ReadError) in try run.trainTimes() }
    guard train < times.timestamps.count, times.timestamps[train] != 0 else { return "" }
    return Timestamp.text(times.timestamps[train])
  }

  private static func named(_ texts: [String: String]) -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for (name, text) in texts where !name.isEmpty { result["user.\(name)"] = Array(text.utf8) }
    return result
  }

  /// The place below `detectors/` that a node is, or is a slice of.
  private func detectorNode(of node: Node) -> DetectorNode? {
    switch node {
    case .detector(let place): return place
    case .slice(let number):
      switch slices[number]?.base {
      case .node(.detector(let place))?: return place
      case .detectorTrains(let detector, let key, _)?: return .array(detector, key: key)
      default: return nil
      }
    default: return nil
    }
  }

  /// Arrays that are no key's: the train ids.
  private func plainAttributes(of node: Node) throws(TreeError) -> [String: [UInt8]] {
    guard kind(of: node) == .file, let description = try arrayDescription(of: node) else { return [:] }
    return [
      "user.dtype": Array(description.element.descriptor.utf8),
      "user.shape": Array(Shape.literal(description.shape).utf8),
    ]
  }

  private func sourceAndKey(of node: Node) -> (Int, Int)? {
    switch node {
    case .key(let source, let key), .keyTrains(let source, let key), .keyFile(let source, let key, .array),
      .keyTrain(let source, let key, _), .trainKey(_, let source, let key):
      return (source, key)
    case .slice(let number):
      switch slices[number]?.base {
      case .node(let base)?: return sourceAndKey(of: base)
      case .trains(let source, let key, _)?: return (source, key)
      case .detectorTrains?, nil: return nil
      }
    default: return nil
    }
  }
}
