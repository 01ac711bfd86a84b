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
    var csv = CSV(header: ["source", "kind", "keys", "trains_with_data", "aggregator"])
    for source in run.sources where source.legacyTarget == nil {
      csv.field(source.name)
      csv.field(source.kind.rawValue)
      csv.field(number: try run.keys(of: source).count)
      csv.field(number: try run.trainsWithData(of: source))
      csv.field(run.files[source.files[0]].aggregator)
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
}
