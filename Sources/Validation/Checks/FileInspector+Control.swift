internal import HDF5

extension FileInspector {
  /// `index_control` and `control_timestamps_order` for one source, in one walk over its keys.
  mutating func checkControl(_ source: String, _ file: borrowing File, _ library: borrowing HDF5Library) {
    let indexPath = "INDEX/\(source)"
    let index = index(indexPath, file, library)
    trainsWithData[source] = index.map(trainsWithData) ?? 0
    if options.includes(.indexControl), let index {
      add(IndexChecks.problems(index, path: indexPath, trains: trainIDs.count))
    }
    let section = "CONTROL/\(source)"
    guard let keys = dataKeys(of: section, file, library) else { return }
    let end = index.flatMap { largestEnd($0, indexPath) }
    // Of a control source one key says it for all: 27,000 lines about one device help nobody (EXtra-data#192).
    var isReported = !options.includes(.indexControl)
    let checksTimes = options.includes(.controlTimestampsOrder)
    let checksData = options.readsData && options.includes(.readData)
    for key in keys {
      let isTimestamp = key.name.hasSuffix("/timestamp")
      let dataset = "\(section)/\(key.name)"
      do throws(HDF5Error) {
        let opened = try file.dataset(at: key.address, object: dataset, library)
        if !isReported {
          guard let rowCount = try opened.rowCount(library) else {
            add(.structure, "Dataset has no rows", dataset: dataset)
            continue
          }
          if let index, let end, index.isOutside(end, rowCount) {
            isReported = true
            add([outside(index.text(end), rowCount, dataset)])
          }
        }
        checkDescription(opened, file, library)
        try note(opened, dataset, of: source, trains: trainsWithData[source] ?? 0, library)
        if checksTimes && isTimestamp { add(TimestampChecks.problems(try opened.integers(library), dataset: dataset)) }
        if checksData { checkData(opened, library) }
      } catch {
        add(.structure, "Dataset cannot be read", dataset: dataset, error: error)
      }
    }
    checkRunValues(source, file, library)
  }

  func outside(_ end: String, _ rowCount: UInt64, _ dataset: String) -> Problem {
    Problem("Index referring to data (\(end)) outside dataset (\(rowCount))", ["dataset": dataset])
  }
}
