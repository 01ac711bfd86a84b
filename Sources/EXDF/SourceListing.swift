public import HDF5
internal import Synchronization
internal import Threads

/// The keys of a source, and its index groups.
struct SourceListing: Sendable {
  /// Sorted by name.
  var keys: [Key]
  /// Sorted; `""` alone for a control source.
  var groups: [String]
}

/// What one file says of a source.
struct SourceInFile: Sendable {
  /// Below the source's group; nil where the file has no such group.
  var datasets: Result<[DatasetSummary]?, HDF5Error>
  /// Index groups, `""` for that of a control source, with their datasets by name; nil where the file has none.
  var columns: Result<[String: [String: Result<IntegerColumn, HDF5Error>]]?, HDF5Error>
}

extension Run {
  /// The keys of a source, sorted by name.
  ///
  /// They are read from the first of its files that has the source's group, as EXtra-data takes one of them. A file that is damaged
  /// costs nothing but itself.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func keys(of source: Source) throws(ReadError) -> [Key] { try listing(of: source).keys }

  /// The index groups of a source, sorted: `""` alone for a control source.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func groups(of source: Source) throws(ReadError) -> [String] { try listing(of: source).groups }

  func listing(of source: Source) throws(ReadError) -> SourceListing {
    if let known = source.cache.withLock({ $0.listing }) { return known }
    var found: (file: Int, keys: [Key])?
    var groups: Set<String> = []
    var hasIndex = false
    for file in source.files where found == nil || !hasIndex {
      let part = try ask(of: [source], in: file)[0]
      source.cache.withLock { $0.parts[file] = part }
      if found == nil, let datasets = datasets(of: part, source, file) {
        found = (file, Key.list(datasets, of: source))
      }
      if case .success(let columns?) = part.columns, !hasIndex {
        hasIndex = true
        groups.formUnion(columns.keys)
      }
      // Without an index group of its own a source has the groups of its keys.
      if source.kind == .control { hasIndex = true }
    }
    let keys = found?.keys ?? []
    groups.formUnion(keys.map(\.group))
    let listing = SourceListing(
      keys: keys, groups: source.kind == .control ? [""] : groups.sorted { $0.precedes($1) })
    // Two that ask at once may be told different things, where the file takes down its reader between the two: the first answer holds
    // for all, because rows are counted by the positions of keys.
    return source.cache.withLock { cache in
      if cache.listing == nil { cache.listing = listing }
      return cache.listing ?? listing
    }
  }

  /// The datasets of a source in a file; nil, and a report, where it has none.
  private func datasets(of part: SourceInFile, _ source: Source, _ file: Int) -> [DatasetSummary]? {
    switch part.datasets {
    case .success(let datasets?): return datasets
    case .success(nil):
      report("\(files[file].reference.path): it lists \(source.name), but has no \(source.path)")
    case .failure(let error): report("\(error)")
    }
    return nil
  }

  /// What a file says of some of its sources, in one visit.
  func ask(of sources: [Source], in file: Int) throws(ReadError) -> [SourceInFile] {
    let dataFile = files[file]
    let limit = try dataFile.rowLimit()
    var batch = QuestionBatch()
    let tickets = sources.map { source in
      (
        datasets: batch.add(DatasetsQuestion(below: source.path)),
        columns: batch.add(ColumnsQuestion(below: "INDEX/\(source.name)", limit: limit)),
        links: source.kind == .control ? nil : batch.add(LinksQuestion(in: "INDEX/\(source.name)"))
      )
    }
    let answers = try hdf5.ask(dataFile.reference, batch)
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
}

extension DataFile {
  /// Rows of INDEX that can have a train, as far as it is known without a visit: no file has more, and what is asked for beyond them is
  /// left out later.
  fileprivate func rowLimit() throws(ReadError) -> Int { cache.withLock { $0.rows?.trainIDs.count } ?? 1 << 26 }
}
