internal import HDF5
internal import Synchronization

/// What one file says of one source, in few bytes: read once, and kept with the file for every run and selection that has it.
struct FileFacts: Hashable, Sendable {
  /// Whether the source's group is there; nil where it cannot be read.
  var hasGroup: Bool?
  /// Sorted by name; those with a problem too.
  var keys: [Key] = []
  /// Rows of each key; 0 where it has a problem.
  var rows: [Int] = []
  /// Index groups that INDEX has, and those of the keys; `""` alone for a control source.
  var groups: Set<String> = []
  /// INDEX of each group that has keys in this file.
  var runs: [String: IndexRuns] = [:]
}

/// Names a source in a file.
struct SourceID: Hashable, Sendable {
  var kind: SourceKind
  var name: String
}

/// What a run shares with the selections that are made of it: equal lists are kept once, and equal messages told once.
final class FactPool: Sendable {
  private struct State {
    var keys: Set<[Key]> = []
    var facts: Set<FileFacts> = []
    var indexes: Set<TrainIndex> = []
    var reports: Set<String> = []
  }
  private let state = Mutex(State())
  private let report: @Sendable (String) -> Void

  init(report: @escaping @Sendable (String) -> Void) { self.report = report }

  /// The one copy of these facts: the files of a sequence mostly say the same of a source.
  func interned(_ facts: FileFacts) -> FileFacts {
    state.withLock { state in
      var facts = facts
      facts.keys = state.keys.insert(facts.keys).memberAfterInsert
      return state.facts.insert(facts).memberAfterInsert
    }
  }

  /// The one copy of an index: hundreds of sources in one file have the same.
  func interned(_ index: TrainIndex) -> TrainIndex {
    state.withLock { $0.indexes.insert(index).memberAfterInsert }
  }

  /// Says in one sentence what is left out because a file is wrong; once, however many selections meet it.
  func report(_ text: String) {
    // What has been told is forgotten before it fills the memory.
    let isNew = state.withLock { state in
      if state.reports.count >= 1 << 14 { state.reports = [] }
      return state.reports.insert(text).inserted
    }
    if isNew { report(text) }
  }
}

/// What one file answers of a source.
struct SourceInFile: Sendable {
  /// Below the source's group; nil where the file has no such group.
  var datasets: Result<[DatasetSummary]?, HDF5Error>
  /// Index groups, `""` for that of a control source, with their datasets by name; nil where the file has none.
  var columns: Result<[String: [String: Result<IntegerColumn, HDF5Error>]]?, HDF5Error>
}

extension Run {
  /// Sources that are asked for in one visit of a file.
  private static let sourcesAtATime = 32

  /// Reads what the files say of sources and is not known yet: each file in as few visits as possible, several files at a time.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; what had been read by then is kept.
  func loadFacts(of sources: [Source]) throws(ReadError) {
    var byFile: [Int: [Source]] = [:]
    for source in sources {
      for file in source.files where !files[file].hasFacts(of: source.id) { byFile[file, default: []].append(source) }
    }
    let visits = byFile.keys.sorted().flatMap { file in
      stride(from: 0, to: byFile[file]?.count ?? 0, by: Self.sourcesAtATime).map { start in
        (file: file, sources: Array((byFile[file] ?? [])[start...].prefix(Self.sourcesAtATime)))
      }
    }
    let reports = try concurrently(visits) { visit throws(ReadError) in
      try self.readFacts(of: visit.sources, in: self.files[visit.file])
    }
    for text in reports.joined() { report(text) }
  }

  /// - Returns: what is left out, one sentence each.
  private func readFacts(of sources: [Source], in file: DataFile) throws(ReadError) -> [String] {
    let trains: Result<TrainRows, HDF5Error>
    do throws(ReadError) {
      trains = .success(try file.rows(hdf5))
    } catch .damaged(let error) {
      trains = .failure(error)
    }
    var reports: [String] = []
    for (source, part) in zip(sources, try ask(of: sources, in: file)) {
      let facts = try facts(of: source, part, in: file, trains, &reports)
      file.keep(pool.interned(facts), of: source.id)
    }
    return reports
  }

  private func facts(
    of source: Source, _ part: SourceInFile, in file: DataFile, _ trains: Result<TrainRows, HDF5Error>,
    _ reports: inout [String]
  ) throws(ReadError) -> FileFacts {
    var facts = FileFacts()
    switch part.datasets {
    case .success(let datasets?):
      facts.hasGroup = true
      (facts.keys, facts.rows) = Key.list(datasets, of: source)
      for key in facts.keys {
        guard let problem = key.problem else { continue }
        reports.append(
          "cannot read \(file.reference.path): \(key.path): \(problem); its data in this file are left out")
      }
    case .success(nil): facts.hasGroup = false
    case .failure(let error): reports.append("\(error); its data in this file are left out")
    }
    facts.groups = Set(facts.keys.map(\.group))
    if source.kind == .control { facts.groups = [""] }
    switch (trains, part.columns) {
    case (.failure(let error), _), (_, .failure(let error)):
      reports.append("\(error); the data of \(source.name) in this file are left out")
    case (.success(let trains), .success(let groups)):
      // A group without keys has no rows, whatever INDEX says.
      for group in facts.groups.sorted() where facts.keys.contains(where: { $0.group == group }) {
        let path = group.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group)"
        // What a soft link inside of INDEX leads to is not among the columns: it is asked for by name.
        var columns = groups?[group] ?? [:]
        if columns.isEmpty { columns = try self.columns(at: path, in: file) }
        switch IndexRuns.read(columns, path, of: file.reference.path, limit: trains.trainIDs.count) {
        case .success(let runs): facts.runs[group] = runs
        case .failure(let error): reports.append("\(error); the data of \(source.name) in this file are left out")
        }
      }
      if source.kind == .instrument, let groups { facts.groups.formUnion(groups.keys) }
    }
    return facts
  }

  /// What a file says of some of its sources, in one visit.
  private func ask(of sources: [Source], in file: DataFile) throws(ReadError) -> [SourceInFile] {
    let limit = file.rowLimit
    var batch = QuestionBatch()
    let tickets = sources.map { source in
      (
        datasets: batch.add(DatasetsQuestion(below: source.path)),
        columns: batch.add(ColumnsQuestion(below: "INDEX/\(source.name)", limit: limit)),
        links: source.kind == .control ? nil : batch.add(LinksQuestion(in: "INDEX/\(source.name)"))
      )
    }
    let answers = try hdf5.ask(file.reference, batch)
    return zip(sources, tickets).map { source, ticket in
      let names = ticket.links.flatMap { try? answers[$0].get()?.map(\.name) } ?? []
      return SourceInFile(
        datasets: answers[ticket.datasets],
        columns: answers[ticket.columns].map { $0.map { Self.groups($0, named: names, of: source) } })
    }
  }

  /// `image/first` and `image/count` as what they are for the group `image`.
  private static func groups(
    _ columns: [NamedColumn], named names: [String], of source: Source
  ) -> [String: [String: Result<IntegerColumn, HDF5Error>]] {
    var groups: [String: [String: Result<IntegerColumn, HDF5Error>]] = [:]
    for name in names { groups[name] = [:] }
    for column in columns {
      let result: Result<IntegerColumn, HDF5Error>
      if let numbers = column.column {
        result = .success(numbers)
      } else if let problem = column.problem {
        result = .failure(problem)
      } else {
        continue
      }
      if source.kind == .control {
        if !column.path.contains("/") { groups["", default: [:]][column.path] = result }
        continue
      }
      let parts = column.path.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      groups[String(parts[0]), default: [:]][String(parts[1])] = result
    }
    return groups
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
}

extension DataFile {
  /// Rows of INDEX that can have a train, as far as it is known without a visit: no file has more, and what is asked for beyond them is
  /// left out later.
  fileprivate var rowLimit: Int { cache.withLock { $0.rows?.trainIDs.count } ?? 1 << 26 }

  func hasFacts(of source: SourceID) -> Bool { cache.withLock { $0.facts[source] != nil } }

  func facts(of source: SourceID) -> FileFacts? { cache.withLock { $0.facts[source] } }

  /// Two that ask at once may be told different things, where the file takes down its reader between the two: the first answer holds for
  /// all, because rows are counted by the positions of keys.
  fileprivate func keep(_ facts: FileFacts, of source: SourceID) {
    cache.withLock { if $0.facts[source] == nil { $0.facts[source] = facts } }
  }
}
