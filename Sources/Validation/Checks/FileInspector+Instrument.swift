internal import HDF5

extension FileInspector {
  /// What the keys of one index group share.
  private struct Group {
    var path: String
    /// nil where there is none that can be read.
    var index: IndexColumns?
    var end: UInt64?
    /// In which it has data.
    var trains = 0
  }

  /// `index_instrument` for one source, in one walk over its keys; and what else can be seen on the way.
  mutating func checkInstrument(_ source: String, _ file: borrowing File, _ library: borrowing HDF5Library) {
    trainsWithData[source] = 0
    let section = "INSTRUMENT/\(source)"
    guard let keys = dataKeys(of: section, file, library) else { return }
    var groups: [Substring: Group] = [:]
    for key in keys {
      let name = key.name.prefix { $0 != "/" }
      let group: Group
      if let known = groups[name] {
        group = known
      } else {
        group = open("INDEX/\(source)/\(name)", file, library)
        trainsWithData[source] = max(trainsWithData[source] ?? 0, group.trains)
        groups[name] = group
      }
      check(key, "\(section)/\(key.name)", of: source, group, file, library)
    }
  }

  private mutating func open(_ path: String, _ file: borrowing File, _ library: borrowing HDF5Library) -> Group {
    guard let index = index(path, file, library) else { return Group(path: path) }
    if options.includes(.indexInstrument) { add(IndexChecks.problems(index, path: path, trains: trainIDs.count)) }
    return Group(path: path, index: index, end: largestEnd(index, path), trains: trainsWithData(index))
  }

  private mutating func check(
    _ key: VisitedDataset, _ dataset: String, of source: String, _ group: Group, _ file: borrowing File,
    _ library: borrowing HDF5Library
  ) {
    do throws(HDF5Error) {
      let opened = try file.dataset(at: key.address, object: dataset, library)
      guard let rowCount = try opened.rowCount(library) else {
        add(.structure, "Dataset has no rows", dataset: dataset)
        return
      }
      if let index = group.index, let end = group.end {
        if index.isOutside(end, rowCount) {
          if options.includes(.indexInstrument) { add([outside(index.text(end), rowCount, dataset)]) }
        } else if key.name.hasSuffix("/trainId"), key.name.utf8.count(where: { $0 == 0x2F }) == 1,
          options.includes(.instrumentTrainIDs)
        {
          compareTrainIDs(try opened.integers(library), index, dataset)
        }
      }
      checkDescription(opened, file, library)
      try note(opened, dataset, of: source, trains: group.trains, library)
      if options.readsData && options.includes(.readData) { checkData(opened, library) }
    } catch {
      add(.structure, "Dataset cannot be read", dataset: dataset, error: error)
    }
  }

  /// Whether the train ids beside the data are those that INDEX says. Zeros were never written, and say nothing.
  private mutating func compareTrainIDs(_ column: IntegerColumn, _ index: IndexColumns, _ dataset: String) {
    var different = 0
    var example = ""
    let width = column.shape.dropFirst().reduce(1, &*)
    guard width == 1 else { return }
    for row in 0..<min(rows.count, index.first.bits.count, index.count.bits.count) where rows[row] != 0 {
      guard let first = Int(exactly: index.first.bits[row]), let end = Int(exactly: index.end(row)), first <= end,
        end <= column.bits.count
      else { continue }
      guard let wrong = column.bits[first..<end].first(where: { $0 != 0 && $0 != rows[row] }) else { continue }
      if different == 0 { example = "at \(row) (\(wrong) instead of \(rows[row]))" }
      different += 1
    }
    guard different > 0 else { return }
    add(
      .instrumentTrainIDs, "Train IDs in the data are not those of the index (\(different)), e.g. \(example)",
      dataset: dataset)
  }
}
