public import HDF5
internal import Synchronization

/// Which rows of which files hold which trains of a source.
struct SourceRows: Sendable {
  /// By index group.
  var groupIndexes: [String: TrainIndex]
  /// By file, as a position in ``Run/files``: rows of each key, in the order of the keys; 0 where the file does not have it, or has
  /// something else of that name. Files that agree share a list.
  var rowCounts: [Int: [Int]]
}

extension Run {
  /// Which rows of a key's datasets hold which train.
  ///
  /// The group's index, less the trains that point past the end of the dataset, and less the files in which the key is
  /// missing or is something else.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func index(ofKey number: Int, of source: Source) throws(ReadError) -> TrainIndex {
    if let index = source.cache.withLock({ $0.keyIndexes[number] }) { return index }
    let keys = try keys(of: source)
    guard number < keys.count, keys[number].problem == nil else { return TrainIndex() }
    let rows = try rows(of: source)
    let group = rows.groupIndexes[keys[number].group] ?? TrainIndex()
    let index = interned(group.limited(to: rows.rowCounts.mapValues { $0[number] }))
    return source.cache.withLock { cache in
      if cache.keyIndexes[number] == nil { cache.keyIndexes[number] = index }
      return cache.keyIndexes[number] ?? index
    }
  }

  /// Which trains have data in a group, for any of its keys. A group without keys has none, as in EXtra-data.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func index(ofGroup group: String, of source: Source) throws(ReadError) -> TrainIndex {
    if let index = source.cache.withLock({ $0.groupIndexes[group] }) { return index }
    var best = TrainIndex()
    for (number, key) in try keys(of: source).enumerated() where key.group == group {
      let index = try index(ofKey: number, of: source)
      if index.entries > best.entries { best = index }
    }
    source.cache.withLock { $0.groupIndexes[group] = best }
    return best
  }

  /// Trains for which a source has anything at all.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func trainsWithData(of source: Source) throws(ReadError) -> Int {
    var indexes: [TrainIndex] = []
    for group in try groups(of: source) { indexes.append(try index(ofGroup: group, of: source)) }
    return TrainIndex.trainsWithData(in: indexes)
  }

  /// What all files of a source say of its rows.
  func rows(of source: Source) throws(ReadError) -> SourceRows {
    if let known = source.cache.withLock({ $0.rows }) { return known }
    try loadRows(of: [source])
    // Loading it has put it there.
    return source.cache.withLock { $0.rows } ?? SourceRows(groupIndexes: [:], rowCounts: [:])
  }

  /// What a file says of a source's rows, in few bytes.
  private struct FileRows: Sendable {
    var groups: [String: IndexRuns]
    var rowCounts: [Int]
    var reports: [String]
  }

  /// Sources that are asked for in one visit of a file.
  private static let sourcesAtATime = 32

  /// Reads the rows of sources, each file in as few visits as possible, several files at a time.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; what had been read by then is kept.
  public func loadRows(of sources: [Source]) throws(ReadError) {
    let missing = sources.filter { source in source.cache.withLock { $0.rows == nil } }
    guard !missing.isEmpty else { return }
    try loadListings(of: missing)
    var byFile: [Int: [Source]] = [:]
    for source in missing { for file in source.files { byFile[file, default: []].append(source) } }
    let visits = byFile.keys.sorted().flatMap { file in
      stride(from: 0, to: byFile[file]?.count ?? 0, by: Self.sourcesAtATime).map { start in
        (file: file, sources: Array((byFile[file] ?? [])[start...].prefix(Self.sourcesAtATime)))
      }
    }
    let found = try concurrently(visits) { visit throws(ReadError) in
      try self.fileRows(of: visit.sources, in: visit.file)
    }
    var parts: [ObjectIdentifier: [Int: FileRows]] = [:]
    for (visit, rows) in zip(visits, found) {
      for (source, rows) in zip(visit.sources, rows) {
        parts[ObjectIdentifier(source), default: [:]][visit.file] = rows
      }
    }
    for source in missing { try keep(parts[ObjectIdentifier(source)] ?? [:], of: source) }
  }

  /// Reads the keys of sources whose first file has them, each file in as few visits as possible; the others are read when asked for.
  private func loadListings(of sources: [Source]) throws(ReadError) {
    _ = try concurrently(sources) { source throws(ReadError) in _ = try self.listing(of: source) }
  }

  private func fileRows(of sources: [Source], in file: Int) throws(ReadError) -> [FileRows] {
    let dataFile = files[file]
    let trains: Result<TrainRows, HDF5Error>
    do throws(ReadError) {
      trains = .success(try dataFile.rows(hdf5))
    } catch .damaged(let error) {
      trains = .failure(error)
    }
    let known = sources.map { source in source.cache.withLock { $0.parts[file] } }
    let unknown = zip(sources, known).filter { $0.1 == nil }.map(\.0)
    var asked = try ask(of: unknown, in: file)[...]
    var found: [FileRows] = []
    for (source, part) in zip(sources, known) {
      guard let part = part ?? asked.popFirst() else { continue }
      found.append(try fileRows(of: source, part, in: dataFile, trains))
    }
    return found
  }

  private func fileRows(
    of source: Source, _ part: SourceInFile, in file: DataFile, _ trains: Result<TrainRows, HDF5Error>
  ) throws(ReadError) -> FileRows {
    var rows = FileRows(groups: [:], rowCounts: [], reports: [])
    func leaveOut(_ error: HDF5Error) {
      let text = "\(error); the data of \(source.name) in this file are left out"
      if !rows.reports.contains(text) { rows.reports.append(text) }
    }
    let listing = try listing(of: source)
    switch (trains, part.columns) {
    case (.failure(let error), _), (_, .failure(let error)): leaveOut(error)
    case (.success(let trains), .success(let groups)):
      // A group without keys has no rows, whatever INDEX says.
      for group in listing.groups where listing.keys.contains(where: { $0.group == group }) {
        let path = group.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group)"
        // What a soft link inside of INDEX leads to is not among the columns: it is asked for by name.
        var columns = groups?[group] ?? [:]
        if columns.isEmpty { columns = try self.columns(at: path, in: file) }
        let limit = trains.trainIDs.count
        switch IndexRuns.read(columns, path, of: file.reference.path, limit: limit) {
        case .success(let runs): rows.groups[group] = runs
        case .failure(let error): leaveOut(error)
        }
      }
    }
    rows.rowCounts = rowCounts(of: listing.keys, part, in: file, source, &rows.reports)
    return rows
  }

  private func columns(
    at path: String, in file: DataFile
  ) throws(ReadError) -> [String: Result<IntegerColumn, HDF5Error>] {
    let names = ["first", "count", "last", "status"]
    var columns: [String: Result<IntegerColumn, HDF5Error>] = [:]
    let answers = try hdf5.ask(file.reference, names.map { IntegersQuestion("\(path)/\($0)") })
    for (name, answer) in zip(names, answers) {
      switch answer {
      case .success(let column?): columns[name] = .success(column)
      case .success(nil): break
      case .failure(let error): columns[name] = .failure(error)
      }
    }
    return columns
  }

  /// The rows that a file has of each key.
  private func rowCounts(
    of keys: [Key], _ part: SourceInFile, in file: DataFile, _ source: Source, _ reports: inout [String]
  ) -> [Int] {
    let datasets: [DatasetSummary]
    switch part.datasets {
    case .success(let found): datasets = found ?? []
    case .failure(let error):
      reports.append("\(error); its data in this file are left out")
      return keys.map { _ in 0 }
    }
    let path = file.reference.path
    var byPath: [String: DatasetSummary] = [:]
    for dataset in datasets { byPath["\(source.path)/\(dataset.path)"] = dataset }
    var missing = 0
    return keys.map { key in
      guard key.problem == nil else { return 0 }
      guard let dataset = byPath[key.path] else {
        missing += 1
        if missing <= 10 { reports.append("\(path): \(key.path) is missing; its data in this file are left out") }
        return 0
      }
      if let problem = dataset.problem {
        reports.append("cannot read \(path): \(key.path): \(problem); its data in this file are left out")
        return 0
      }
      guard let rows = dataset.shape.first, Array(dataset.shape.dropFirst()) == key.entryShape,
        dataset.datatype.converts(to: key.datatype)
      else {
        reports.append(
          "\(path): \(key.path) has another type or shape than in the first file of its source; its data in this "
            + "file are left out")
        return 0
      }
      return rows
    }
  }

  /// Puts together what the files of a source say, in order of name: of a train that two files have the first counts.
  private func keep(_ parts: [Int: FileRows], of source: Source) throws(ReadError) {
    for file in source.files { for text in parts[file]?.reports ?? [] { report(text) } }
    var rows = SourceRows(groupIndexes: [:], rowCounts: [:])
    for group in try groups(of: source) {
      var runs: [(file: Int, positions: [Int32], runs: IndexRuns)] = []
      for file in source.files {
        if let found = parts[file]?.groups[group] { runs.append((file, try positions(of: file), found)) }
      }
      rows.groupIndexes[group] = interned(Self.merge(runs, trains: trainIDs.count))
    }
    var lists: Set<[Int]> = []
    for (file, part) in parts { rows.rowCounts[file] = lists.insert(part.rowCounts).memberAfterInsert }
    source.cache.withLock {
      if $0.rows == nil { $0.rows = rows }
      $0.parts = [:]
    }
  }

  private static func merge(_ files: [(file: Int, positions: [Int32], runs: IndexRuns)], trains: Int) -> TrainIndex {
    // Which file a train was first met in, and what its row there says; -1 for nowhere.
    var owner = [Int32](repeating: -1, count: trains)
    var firsts = [UInt64](repeating: 0, count: trains)
    var counts = [UInt64](repeating: 0, count: trains)
    for (number, file) in files.enumerated() {
      // A train belongs to the first file that has it, even where the index of that file is too short to say anything of it.
      for position in file.positions where position >= 0 && owner[Int(position)] < 0 {
        owner[Int(position)] = Int32(number)
      }
      file.runs.visitRows { row, first, count in
        guard row < file.positions.count, file.positions[row] >= 0 else { return }
        let position = Int(file.positions[row])
        guard owner[position] == Int32(number) else { return }
        (firsts[position], counts[position]) = (first, count)
      }
    }
    var index = TrainIndex()
    for train in 0..<trains where owner[train] >= 0 {
      index.append(train: train, file: files[Int(owner[train])].file, firstRow: firsts[train], count: counts[train])
    }
    return index
  }

  /// The position in ``Run/trainIDs`` of each row of a file's INDEX; -1 for padding and for a train met before in the file.
  private func positions(of file: Int) throws(ReadError) -> [Int32] {
    if let positions = positionCache.withLock({ $0[file] }) { return positions }
    let rows = try files[file].rows(hdf5).trainIDs
    var positions = [Int32](repeating: -1, count: rows.count)
    var seen: Set<UInt64> = []
    var isRising = true
    var previous: UInt64 = 0
    var cursor = 0
    for (row, train) in rows.enumerated() where train != 0 {
      // Rising ids, as they nearly always are, need neither a search nor a memory of what was met.
      if isRising, train > previous {
        while cursor < trainIDs.count, trainIDs[cursor] < train { cursor += 1 }
      } else {
        if isRising {
          seen = Set(rows[..<row])
          isRising = false
        }
        cursor = position(ofTrain: train) ?? trainIDs.count
      }
      if !isRising, !seen.insert(train).inserted { continue }
      if cursor < trainIDs.count, trainIDs[cursor] == train { positions[row] = Int32(cursor) }
      previous = train
    }
    positionCache.withLock { $0[file] = positions }
    return positions
  }
}

extension Datatype {
  /// Whether a file's elements can stand in an array of another file's: the same, or numbers among numbers, strings among
  /// strings of their kind.
  func converts(to other: Datatype) -> Bool {
    if self == other { return true }
    switch (self, other) {
    case (.integer, .integer), (.float, .float), (.integer, .float), (.float, .integer): return true
    case (.fixedString, .fixedString), (.variableString, .variableString): return true
    default: return false
    }
  }
}
