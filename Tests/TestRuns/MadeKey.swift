public import RawHDF5

/// A dataset of a source, with its path below the source: `data/image`, `position/value`.
public struct MadeKey: Sendable {
  public var path: String
  public var type: RawType
  /// All extents, rows first.
  public var shape: [Int]
  public var values: RawValues
  public var layout = RawLayout.contiguous
  public var filters: [RawFilter] = []
  /// Strings; of the dataset.
  public var attributes: [(name: String, value: String)] = []
  /// Strings; of the group that the dataset is in.
  public var groupAttributes: [(name: String, value: String)] = []

  public init(_ path: String, _ type: RawType, shape: [Int], _ values: RawValues) {
    self.path = path
    self.type = type
    self.shape = shape
    self.values = values
  }

  /// One number a row, or as many as `entry` says.
  public init<Number: RawNumber>(_ path: String, _ values: [Number], entry: [Int] = []) {
    let row = entry.reduce(1, *)
    self.init(path, Number.rawType, shape: [values.count / row] + entry, .bytes(values.rawBytes))
  }

  /// Strings of variable length.
  public init(_ path: String, _ strings: [String]) {
    self.init(path, .variableString(), shape: [strings.count], .strings(strings))
  }

  /// The same key in chunks of so many rows.
  public func chunked(_ rows: Int, _ filters: RawFilter...) -> MadeKey {
    var key = self
    key.layout = .chunked([rows] + shape.dropFirst())
    key.filters = filters
    return key
  }

  /// The same key with a unit, as format 1.3 writes it: beside the value of a control source, at the data of others.
  public func inUnits(_ symbol: String, prefix: String? = nil, ofGroup: Bool = false) -> MadeKey {
    var key = self
    var all = [(name: "unitSymbol", value: symbol)]
    if let prefix { all.append((name: "metricPrefixSymbol", value: prefix)) }
    if ofGroup { key.groupAttributes += all } else { key.attributes += all }
    return key
  }

  func write(_ source: String, _ file: RawFile) throws {
    let place = "\(source)/\(path)"
    try file.dataset(place, type, shape: shape, values, layout: layout, filters: filters)
    for (name, value) in attributes { try file.attribute(name, of: place, .variableString(), .strings([value])) }
    let group = place.split(separator: "/").dropLast().joined(separator: "/")
    for (name, value) in groupAttributes { try file.attribute(name, of: group, .variableString(), .strings([value])) }
  }
}

extension [MadeKey] {
  /// `value` and `timestamp` of a property, as control sources have them.
  public static func property<Number: RawNumber>(_ path: String, _ values: [Number]) -> [MadeKey] {
    [MadeKey("\(path)/value", values), MadeKey("\(path)/timestamp", values.indices.map { UInt64($0) + 1000 })]
  }
}
