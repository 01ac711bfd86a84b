internal import ArrayIO
public import EXDF
internal import HDF5
internal import NPY
public import RunArrays

/// The tables at the root of the tree: a row per train, per source, per key.
public enum RunTables {
  /// `trains.csv`: times are empty where no file knows them.
  public static func trains(of run: Run) -> [UInt8] {
    var csv = CSV(header: ["index", "train_id", "timestamp", "suspect"])
    let times = run.trainTimes()
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
  public static func sources(of run: Run) -> [UInt8] {
    var csv = CSV(header: ["source", "kind", "keys", "trains_with_data", "aggregator"])
    for source in run.sources where source.legacyTarget == nil {
      csv.field(source.name)
      csv.field(source.kind.rawValue)
      csv.field(number: run.keys(of: source).count)
      csv.field(number: run.trainsWithData(of: source))
      csv.field(run.files[source.files[0]].aggregator)
      csv.endLine()
    }
    return csv.bytes
  }

  /// `keys.csv`. The dtype is empty where npy has no word for it.
  public static func keys(of arrays: RunArrays) -> [UInt8] {
    let run = arrays.run
    var csv = CSV(header: ["source", "key", "dtype", "entry_shape", "entries", "units"])
    for source in run.sources where source.legacyTarget == nil {
      for (number, key) in run.keys(of: source).enumerated() {
        let entry = try? arrays.entry(ofKey: number, of: source)
        let attributes = (try? run.attributes(of: key, in: source)) ?? [:]
        csv.field(source.name)
        csv.field(key.name)
        csv.field(entry?.element.descriptor ?? "")
        csv.field((entry?.shape ?? key.entryShape).map(String.init).joined(separator: "x"))
        csv.field(number: run.index(ofKey: number, of: source).entries)
        csv.field(Run.units(in: attributes) ?? "")
        csv.endLine()
      }
    }
    return csv.bytes
  }
}
