internal import EXDF

/// The checks that need several files of a run.
struct RunChecks {
  struct File {
    /// Absolute.
    var path: String
    var contents: FileContentsSummary
  }
  /// As the user has named it.
  let directory: String
  /// Those that could be opened, by name.
  let files: [File]
  let options: ValidationOptions

  func problems() -> [Problem] {
    guard !files.isEmpty else { return [Problem("No usable files found", ["directory": directory])] }
    var problems: [Problem] = []
    if options.includes(.runJSONCache) { problems += filesMap() }
    if options.includes(.duplicateTrains) { problems += duplicateTrains() }
    if options.includes(.keyForms) { problems += KeyFormChecks.problems(files) }
    if options.includes(.sourceKinds) { problems += sourceKinds() }
    if let percent = options.missingPercent, options.includes(.missingTrains) { problems += missingTrains(percent) }
    return problems
  }

  /// karabo_data_map.json against the files: an entry that is still in force, and wrong, hides data from everybody.
  private func filesMap() -> [Problem] {
    let map = FilesMapEntries(directory: directory)
    return files.compactMap { file in
      guard let entry = map.entry(for: file.path) else { return nil }
      let contents = file.contents
      if Set(entry.controlSources) == Set(contents.controlSources),
        Set(entry.instrumentSources) == Set(contents.instrumentSources), entry.trainIDs == contents.trainIDs
      {
        return nil
      }
      return Problem("Incorrect data map cache entry", ["cache_file": map.path, "data_file": file.path])
    }
  }

  /// A train that one source has in two files: EXtra-data refuses to open such a run, and a mount takes the first file's.
  ///
  /// Files are compared in pairs that share a source; the hundreds of sources of one aggregator are one problem.
  private func duplicateTrains() -> [Problem] {
    var holders: [String: [Int]] = [:]
    for (number, file) in files.enumerated() {
      for source in file.contents.controlSources + file.contents.instrumentSources {
        holders[source, default: []].append(number)
      }
    }
    var shared: [[Int]: (count: Int, example: String)] = [:]
    for (source, numbers) in holders where numbers.count > 1 {
      let known = shared[numbers]
      shared[numbers] = ((known?.count ?? 0) + 1, known.map { min($0.example, source) } ?? source)
    }
    var problems: [Problem] = []
    for (numbers, sources) in shared {
      var owners: [UInt64: Int] = [:]
      var pairs: [[Int]: (count: Int, first: UInt64)] = [:]
      for number in numbers {
        for train in files[number].contents.trainIDs {
          guard let owner = owners[train] else {
            owners[train] = number
            continue
          }
          guard owner != number else { continue }
          let known = pairs[[owner, number]]
          pairs[[owner, number]] = ((known?.count ?? 0) + 1, min(known?.first ?? train, train))
        }
      }
      for (pair, trains) in pairs {
        problems.append(
          Problem(
            .duplicateTrains, "Trains of the same source in two files (\(trains.count)), e.g. \(trains.first)",
            [
              "file": files[pair[1]].path, "other_file": files[pair[0]].path,
              "sources": "\(sources.count), e.g. \(sources.example)",
            ]))
      }
    }
    return problems
  }

  private func sourceKinds() -> [Problem] {
    let control = Set(files.flatMap(\.contents.controlSources))
    let instrument = Set(files.flatMap(\.contents.instrumentSources))
    return control.intersection(instrument).map { source in
      Problem(
        .sourceKinds, "Source is both a control and an instrument source", ["directory": directory, "source": source])
    }
  }

  private func missingTrains(_ percent: Double) -> [Problem] {
    let trains = Set(files.flatMap(\.contents.trainIDs)).count
    guard trains > 0 else { return [] }
    var present: [String: Int] = [:]
    for file in files { present.merge(file.contents.trainsWithData) { $0 + max(0, $1) } }
    return present.compactMap { source, count in
      let missing = max(0, trains - count)
      guard Double(missing) * 100 > percent * Double(trains) else { return nil }
      return Problem(
        .missingTrains, "Source has no data in \(missing) of \(trains) trains",
        ["directory": directory, "source": source])
    }
  }
}
