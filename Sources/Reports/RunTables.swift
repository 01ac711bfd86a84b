internal import ArrayIO
public import EXDF
public import HDF5
internal import NPY
public import RunArrays

/// The tables at the root of the tree: a row per train, per source, per key.
public enum RunTables {
  /// `trains.csv`: times are empty where no file knows them.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func trains(of run: Run) throws(ReadError) -> [UInt8] {
    var csv = CSV(header: ["index", "train_id", "timestamp", "suspect"])
    let times = try run.trainTimes()
    for (index, train) in run.trainIDs.enumerated() {
      csv.field(number: index)
      csv.field(number: train)
      let timestamp = times.timestamps[index]
      if timestamp == 0 { csv.emptyField() } else { csv.field(Timestamp.text(timestamp)) }
      csv.field(times.isSuspect[index] ? "true" : "false")
      csv.endLine()
    }
    return csv.bytes
  }

  /// `sources.csv`. A legacy name has no row: it is a link.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func sources(of run: Run) throws(ReadError) -> [UInt8] {
    try run.loadRows(of: run.sources.filter { $0.legacyTarget == nil })
    var csv = CSV(
      header: ["source", "kind", "keys", "trains_with_data", "aggregator", "category", "device_class"])
    let sources = run.sources.filter { $0.legacyTarget == nil }
    for (source, deviceClass) in zip(sources, try run.deviceClasses(of: sources)) {
      csv.field(source.name)
      csv.field(source.kind.rawValue)
      csv.field(number: try run.keys(of: source).count)
      csv.field(number: try run.trainsWithData(of: source))
      csv.field(run.files[source.files[0]].aggregator)
      csv.field(run.files[source.files[0]].fileName?.category ?? "")
      csv.field(deviceClass ?? "")
      csv.endLine()
    }
    return csv.bytes
  }

  /// `keys.csv`. The dtype is empty where npy has no word for it.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func keys(of arrays: RunArrays) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    try run.loadRows(of: run.sources.filter { $0.legacyTarget == nil })
    var csv = CSV(header: ["source", "key", "dtype", "entry_shape", "entries", "units"])
    for source in run.sources where source.legacyTarget == nil {
      let units = try run.units(of: source)
      for (number, key) in try run.keys(of: source).enumerated() {
        let entry = try ReadError.unlessDamaged { () throws(ReadError) in
          try arrays.entry(ofKey: number, of: source)
        }
        csv.field(source.name)
        csv.field(key.name)
        csv.field(entry?.element.descriptor ?? "")
        csv.field((entry?.shape ?? key.entryShape).map(String.init).joined(separator: "x"))
        csv.field(number: try run.index(ofKey: number, of: source).entries)
        csv.field(units[number] ?? "")
        csv.endLine()
      }
    }
    return csv.bytes
  }

  /// `missing.csv`: the index groups that miss trains, those that miss most first. Groups without keys are none.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func missing(of run: Run) throws(ReadError) -> [UInt8] {
    let sources = run.sources.filter { $0.legacyTarget == nil }
    try run.loadRows(of: sources)
    var rows: [(source: String, group: String, trains: Int, gaps: (first: Int, last: Int))] = []
    for source in sources {
      let keys = try run.keys(of: source)
      for group in try run.groups(of: source) where keys.contains(where: { $0.group == group }) {
        let index = try run.index(ofGroup: group, of: source)
        if let gaps = index.gaps(trains: run.trainIDs.count) {
          rows.append((source.name, group, index.trainsWithData, gaps))
        }
      }
    }
    // Stable: sources and groups come by name.
    let ordered = rows.enumerated().sorted { ($0.element.trains, $0.offset) < ($1.element.trains, $1.offset) }
    var csv = CSV(header: ["source", "group", "trains_with_data", "share", "first_gap", "last_gap"])
    for (_, row) in ordered {
      csv.field(row.source)
      csv.field(row.group)
      csv.field(number: row.trains)
      csv.field(ElementText.text(Double(row.trains) / Double(run.trainIDs.count)))
      csv.field(number: run.trainIDs[row.gaps.first])
      csv.field(number: run.trainIDs[row.gaps.last])
      csv.endLine()
    }
    return csv.bytes
  }

  /// Values of a table of a run: more belong in arrays.
  private static let mostCells = 64 << 20

  /// `table.csv` of a run of which sources were selected: a column for each scalar key that has at most one entry in any train, as
  /// `run.get_dataframe` names them, a row for each train that has any.
  ///
  /// Of a control source these are its values; the time stamps where they alone were selected.
  /// - Throws: ``HDF5/ReadError`` where a value cannot be read: half a table would be taken for a whole one.
  public static func table(of arrays: RunArrays) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let sources = run.sources.filter { $0.legacyTarget == nil }
    try run.loadRows(of: sources)
    var table = Table()
    var cells = 0
    for source in sources {
      let keys = try run.keys(of: source)
      let hasValues = keys.contains { $0.isValue }
      for (number, key) in keys.enumerated() where arrays.isScalar(key) {
        guard source.kind == .instrument || key.isValue || !hasValues else { continue }
        let index = try run.index(ofKey: number, of: source)
        guard index.mostEntries <= 1 else { continue }
        guard try KeyReports.hasValues(number, of: source, in: arrays) else {
          run.report("table.csv leaves out \(source.name)/\(key.name): it has too many values for a text")
          continue
        }
        cells += index.entries
        guard cells <= mostCells else {
          throw .damaged(
            file: run.path, object: "table.csv", reason: "it would have more than \(mostCells) values; select less")
        }
        let name = source.kind == .control && key.isValue ? String(key.name.dropLast(".value".count)) : key.name
        table.columns.append(
          Table.Column(
            name: "\(source.name)/\(name)", index: index,
            elements: Elements(of: try arrays.array(ofKey: number, of: source))))
      }
    }
    return try table.csv(of: run)
  }
}
