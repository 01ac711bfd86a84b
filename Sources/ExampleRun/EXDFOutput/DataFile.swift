import HDF5Writing

/// One file of the run: what it holds, and how format 1.3 lays it out.
///
///     METADATA/                       whose data this is
///     INDEX/trainId, timestamp, flag, origin       one entry per train, padded with zeros
///     INDEX/<source>[/<group>]/first, count        where in the datasets a train's entries are
///     CONTROL/<source>/<property>/value, timestamp
///     RUN/<source>/<property>/value, timestamp     the same at the start of the run
///     INSTRUMENT/<source>/<group>/...
struct DataFile: Sendable {
  let aggregator: String
  let sequence: Int
  let trains: [Train]
  var control: [any ControlSource] = []
  var instrument: [any InstrumentSource] = []

  /// RAW-R0042-DA01-S00000.h5
  var name: String {
    "RAW-R\(Self.padded(Int(Beamtime.run), to: 4))-\(aggregator)-S\(Self.padded(sequence, to: 5)).h5"
  }

  /// Makes the file in the folder.
  func write(in folder: RunFolder) throws(ExampleRunError) {
    let bytes: [UInt8]
    do throws(HDF5WritingError) {
      bytes = try self.bytes(for: folder.path)
    } catch {
      throw .hdf5(file: error.file, object: error.object, reason: error.reason)
    }
    try folder.add(name, bytes)
  }

  private func bytes(for directory: String) throws(HDF5WritingError) -> [UInt8] {
    let file = try OutputFile(name, in: directory)
    for root in ["METADATA", "INDEX", "CONTROL", "RUN", "INSTRUMENT"] { try file.makeGroup(root) }
    let groups = instrument.map { (source: $0.instrumentName, groups: $0.groups(trains)) }
    try writeMetadata(
      to: file, instrumentGroups: groups.flatMap { entry in entry.groups.map { (entry.source, $0.name) } })
    try writeTrains(to: file)
    for source in control { try write(source, to: file) }
    for (source, groups) in groups {
      for group in groups { try write(group, of: source, to: file) }
    }
    return try file.bytes()
  }

  private func writeTrains(to file: borrowing OutputFile) throws(HDF5WritingError) {
    let columns = [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(path: "timestamp", values: Values(trains.map(\.timestamp))),
      Column(path: "flag", values: Values(trains.map { Int32($0.isSuspect ? 0 : 1) })),
      // -1: the time server itself announced the train.
      Column(path: "origin", values: Values(trains.map { _ in Int32(-1) })),
    ]
    for column in columns { try file.write(column, below: "INDEX") }
  }

  private func write(_ source: any ControlSource, to file: borrowing OutputFile) throws(HDF5WritingError) {
    let name = source.controlName
    try writeIndex([Int](repeating: 1, count: trains.count), of: name, to: file)
    for property in source.properties(trains) { try write(property, trains, below: "CONTROL/" + name, to: file) }
    let first = [Train(index: 0)]
    for property in source.properties(first) + source.runOnlyProperties {
      try write(property, first, below: "RUN/" + name, to: file)
    }
  }

  private func write(
    _ property: Property, _ trains: [Train], below group: String, to file: borrowing OutputFile
  ) throws(HDF5WritingError) {
    let isRun = group.hasPrefix("RUN/")
    try file.write(
      Column(
        path: property.path + "/value", values: property.values, entryShape: property.entryShape, isPadded: !isRun),
      below: group)
    try file.write(
      Column(path: property.path + "/timestamp", values: Values(property.timestamps(trains)), isPadded: !isRun),
      below: group)
    try file.annotate(group + "/" + property.path, property.attributes)
  }

  private func write(_ group: DataGroup, of source: String, to file: borrowing OutputFile) throws(HDF5WritingError) {
    try writeIndex(group.counts, of: source + "/" + group.name, to: file)
    for column in group.columns { try file.write(column, below: "INSTRUMENT/\(source)/\(group.name)") }
  }

  private func writeIndex(_ counts: [Int], of name: String, to file: borrowing OutputFile) throws(HDF5WritingError) {
    var next: UInt64 = 0
    let first = counts.map { count in
      defer { next += UInt64(count) }
      return next
    }
    // Not padded: the validator of EXtra-data wants one entry per train.
    let columns = [
      Column(path: "first", values: Values(first), isPadded: false),
      Column(path: "count", values: Values(counts.map { UInt64($0) }), isPadded: false),
    ]
    for column in columns { try file.write(column, below: "INDEX/" + name) }
  }

  static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
