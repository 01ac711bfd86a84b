internal import RawHDF5

/// A file of a run as it is to be written: METADATA, INDEX and the data of its sources, right or wrong.
public struct MadeFile: Sendable {
  public var name: String
  /// nil: format 0.5, which has no number, and a flat METADATA.
  public var version: String?
  public var trainIDs: [UInt64]
  public var timestamps: [UInt64]?
  public var flags: [Int32]?
  public var sources: [MadeSource]
  /// Old names that are soft links to sources of this file.
  public var legacy: [(old: String, target: String)] = []
  /// Rows of zeros behind INDEX/trainId and every `first` and `count`, as the DAQ pads to whole chunks.
  public var padding = 0
  /// Further rows of METADATA, as they are.
  public var identifiers: [String] = []

  public init(
    _ name: String, version: String? = "1.3", trainIDs: [UInt64], timestamps: [UInt64]? = nil, flags: [Int32]? = nil,
    _ sources: [MadeSource]
  ) {
    self.name = name
    self.version = version
    self.trainIDs = trainIDs
    self.timestamps = timestamps
    self.flags = flags
    self.sources = sources
  }

  /// Writes it into a directory, and returns its path.
  @discardableResult
  public func write(into directory: TemporaryDirectory) throws -> String {
    let path = "\(directory.path)/\(name)"
    let file = try RawFile(at: path)
    try writeMetadata(file)
    try numbers("INDEX/trainId", trainIDs + zeros(), file)
    if let timestamps { try numbers("INDEX/timestamp", timestamps + zeros(), file) }
    if let flags { try numbers("INDEX/flag", flags + zeros(), file) }
    try file.group("RUN")
    for source in sources { try write(source, file) }
    for (old, target) in legacy {
      try file.softLink("INSTRUMENT/\(old)", to: "/INSTRUMENT/\(target)")
      try file.softLink("INDEX/\(old)", to: "/INDEX/\(target)")
    }
    return path
  }

  private func zeros<Number: FixedWidthInteger>() -> [Number] { Array(repeating: 0, count: padding) }

  private func numbers<Number: RawNumber>(_ path: String, _ values: [Number], _ file: RawFile) throws {
    try file.dataset(path, Number.rawType, shape: [values.count], .bytes(values.rawBytes))
  }

  private func writeMetadata(_ file: RawFile) throws {
    let all =
      sources.flatMap(\.identifiers)
      + legacy.flatMap { link in
        (sources.first { $0.name == link.target }?.identifiers ?? []).map { identifier in
          "INSTRUMENT/\(link.old)/" + String(identifier.split(separator: "/").last ?? "data")
        }
      } + identifiers
    let place = version == nil ? "METADATA" : "METADATA/dataSources"
    // Empty rows are padding.
    let rows = all + [""]
    try file.dataset("\(place)/dataSourceId", .variableString(), shape: [rows.count], .strings(rows))
    guard let version else { return }
    try file.dataset("METADATA/dataFormatVersion", .variableString(), shape: [1], .strings([version]))
    try file.dataset(
      "METADATA/creationDate", .fixedString(length: 16), shape: [1], .bytes(Array("20261122T150938Z".utf8)))
    try numbers("METADATA/runNumber", [UInt32(42)], file)
  }

  private func write(_ source: MadeSource, _ file: RawFile) throws {
    let section = source.isControl ? "CONTROL" : "INSTRUMENT"
    if source.groups.allSatisfy(\.keys.isEmpty) { try file.group("\(section)/\(source.name)") }
    for group in source.groups {
      let index = group.name.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group.name)"
      switch group.style {
      case .count:
        try numbers("\(index)/first", group.firsts + zeros(), file)
        try numbers("\(index)/count", group.counts + zeros(), file)
      case .last:
        // Where nothing was recorded, `last` is as good as any number.
        try numbers("\(index)/first", group.firsts + zeros(), file)
        try numbers("\(index)/last", zip(group.firsts, group.counts).map { $0 &+ max($1, 1) &- 1 } + zeros(), file)
        try numbers("\(index)/status", group.counts.map { UInt32($0 == 0 ? 0 : 1) } + zeros(), file)
      case .missing: break
      }
      for key in group.keys { try key.write("\(section)/\(source.name)", file) }
    }
    if let values = source.runValues {
      try file.group("RUN/\(source.name)")
      for value in values { try value.write("RUN/\(source.name)", file) }
    }
  }
}

/// A source of a file.
public struct MadeSource: Sendable {
  public var name: String
  public var isControl: Bool
  public var groups: [MadeGroup]
  public var runValues: [MadeKey]?

  public init(name: String, isControl: Bool, groups: [MadeGroup], runValues: [MadeKey]? = nil) {
    self.name = name
    self.isControl = isControl
    self.groups = groups
    self.runValues = runValues
  }

  /// A control source: one row for each of its trains.
  public static func control(_ name: String, _ keys: [MadeKey], index: MadeGroup, run: [MadeKey]? = []) -> MadeSource {
    var group = index
    group.name = ""
    group.keys = keys
    return MadeSource(name: name, isControl: true, groups: [group], runValues: run)
  }

  public static func instrument(_ name: String, _ groups: [MadeGroup]) -> MadeSource {
    MadeSource(name: name, isControl: false, groups: groups, runValues: nil)
  }

  /// Its rows in METADATA.
  var identifiers: [String] {
    isControl ? ["CONTROL/\(name)"] : groups.map { "INSTRUMENT/\(name)/\($0.name)" }
  }
}

/// An index group: which rows hold which train.
public struct MadeGroup: Sendable {
  public enum Style: Sendable { case count, last, missing }
  public var name: String
  public var firsts: [UInt64]
  public var counts: [UInt64]
  public var style = Style.count
  public var keys: [MadeKey]

  public init(_ name: String, firsts: [UInt64], counts: [UInt64], _ keys: [MadeKey] = []) {
    self.name = name
    self.firsts = firsts
    self.counts = counts
    self.keys = keys
  }

  /// Rows one after the other, from the first.
  public init(_ name: String, counts: [UInt64], _ keys: [MadeKey] = []) {
    self.init(name, firsts: counts.indices.map { counts[..<$0].reduce(0, +) }, counts: counts, keys)
  }

  /// One row for each train, as control sources have.
  public static func everyTrain(_ trains: Int) -> MadeGroup {
    MadeGroup("", counts: Array(repeating: 1, count: trains))
  }
}
