import HDF5

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
    do throws(OutputError) {
      bytes = try HDF5Library.withLock { (library) throws(OutputError) in try plan.bytes(library) }
    } catch {
      throw .hdf5(file: error.file, object: error.object, reason: error.reason)
    }
    try folder.add(name, bytes)
  }

  private var plan: OutputPlan {
    var file = OutputPlan(name)
    for root in ["METADATA", "INDEX", "CONTROL", "RUN", "INSTRUMENT"] { file.makeGroup(root) }
    let groups = instrument.map { (source: $0.instrumentName, groups: $0.groups(trains)) }
    writeMetadata(
      to: &file, instrumentGroups: groups.flatMap { entry in entry.groups.map { (entry.source, $0.name) } })
    writeTrains(to: &file)
    for source in control { write(source, to: &file) }
    for (source, groups) in groups {
      for group in groups { write(group, of: source, to: &file) }
    }
    return file
  }

  private func writeTrains(to file: inout OutputPlan) {
    let columns = [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(path: "timestamp", values: Values(trains.map(\.timestamp))),
      Column(path: "flag", values: Values(trains.map { Int32($0.isSuspect ? 0 : 1) })),
      // -1: the time server itself announced the train.
      Column(path: "origin", values: Values(trains.map { _ in Int32(-1) })),
    ]
    for column in columns { file.write(column, below: "INDEX") }
  }

  private func write(_ source: any ControlSource, to file: inout OutputPlan) {
    let name = source.controlName
    writeIndex([Int](repeating: 1, count: trains.count), of: name, to: &file)
    for property in source.properties(trains) { write(property, trains, below: "CONTROL/" + name, to: &file) }
    let first = [Train(index: 0)]
    for property in source.properties(first) + source.runOnlyProperties {
      write(property, first, below: "RUN/" + name, to: &file)
    }
  }

  private func write(
    _ property: Property, _ trains: [Train], below group: String, to file: inout OutputPlan
  ) {
    let isRun = group.hasPrefix("RUN/")
    file.write(
      Column(
        path: property.path + "/value", values: property.values, entryShape: property.entryShape, isPadded: !isRun),
      below: group)
    file.write(
      Column(path: property.path + "/timestamp", values: Values(property.timestamps(trains)), isPadded: !isRun),
      below: group)
    file.annotate(group + "/" + property.path, property.attributes)
  }

  private func write(_ group: DataGroup, of source: String, to file: inout OutputPlan) {
    writeIndex(group.counts, of: source + "/" + group.name, to: &file)
    for column in group.columns { file.write(column, below: "INSTRUMENT/\(source)/\(group.name)") }
  }

  private func writeIndex(_ counts: [Int], of name: String, to file: inout OutputPlan) {
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
    for column in columns { file.write(column, below: "INDEX/" + name) }
  }

  static func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
