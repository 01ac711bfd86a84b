public import HDF5
internal import Synchronization

extension Run {
  /// A part of this run, as a run: it shares with this one what has been read of each file.
  ///
  /// A run that nothing is left of is no error.
  /// - Throws: ``SelectionError``: a pattern that matches nothing, or what cannot be read.
  public func selecting(_ selection: Selection) throws(SelectionError) -> Run {
    var run = self
    if selection.isWithoutSuspect { run = try Self.reading { () throws(ReadError) in try run.withoutSuspect() } }
    for trains in selection.trains { run = run.selecting(trains: trains) }
    if !selection.select.isEmpty { run = try run.selecting(selection.select) }
    if !selection.deselect.isEmpty { run = try run.deselecting(selection.deselect) }
    if let requirement = selection.requirement {
      run = try Self.reading { () throws(ReadError) in try run.requiring(requirement) }
    }
    return run
  }

  private static func reading<R>(_ body: () throws(ReadError) -> R) throws(SelectionError) -> R {
    do throws(ReadError) {
      return try body()
    } catch {
      throw .read(error)
    }
  }

  /// As `run.select(patterns)`: the sources and keys that any of them matches.
  /// - Throws: ``SelectionError``.
  public func selecting(_ patterns: [SourcePattern]) throws(SelectionError) -> Run {
    var chosen: [String: Set<String>?] = [:]
    for pattern in patterns {
      for (source, keys) in try matches(of: pattern) {
        if let known = chosen[source.name] {
          // The whole source is more than any of its keys.
          if let known, let keys {
            chosen[source.name] = .some(known.union(keys))
          } else {
            chosen[source.name] = .some(nil)
          }
        } else {
          chosen[source.name] = .some(keys)
        }
      }
    }
    return restricted(isSourceSelection: true) { source in
      guard let keys = chosen[source.name] else { return .none }
      return keys.map { .keys($0) } ?? .whole
    }
  }

  /// As `run.deselect(patterns)`: without what any of them matches.
  /// - Throws: ``SelectionError``.
  public func deselecting(_ patterns: [SourcePattern]) throws(SelectionError) -> Run {
    var removed: [String: Set<String>?] = [:]
    for pattern in patterns {
      for (source, keys) in try matches(of: pattern) {
        if let known = removed[source.name] {
          if let known, let keys {
            removed[source.name] = .some(known.union(keys))
          } else {
            removed[source.name] = .some(nil)
          }
        } else {
          removed[source.name] = .some(keys)
        }
      }
    }
    var parts: [String: Share] = [:]
    for (name, keys) in removed {
      guard let source = source(named: name) else { continue }
      guard let keys else {
        parts[name] = Share.none
        continue
      }
      let left = try Self.reading { () throws(ReadError) in try self.keys(of: source) }.map(\.name).filter {
        !keys.contains($0)
      }
      parts[name] = left.isEmpty ? Share.none : .keys(Set(left))
    }
    let known = parts
    return restricted(isSourceSelection: true) { known[$0.name] ?? .whole }
  }

  /// The sources that a pattern matches; with their keys, unless all of them are meant.
  private func matches(of pattern: SourcePattern) throws(SelectionError) -> [(source: Source, keys: Set<String>?)] {
    var pattern = pattern
    if let alias = pattern.alias {
      guard let target = aliases[alias] else {
        throw .unknownAlias(alias, suggestion: CloseNames.suggestion(for: alias, among: aliases.names))
      }
      pattern = SourcePattern(source: Glob.literal(target.source), key: target.key.map(Glob.literal) ?? "*")
    }
    let glob = pattern.source
    let named =
      glob.isPlain ? [source(named: glob.description)].compactMap { $0 } : sources.filter { glob.matches($0.name) }
    guard !named.isEmpty else {
      // In the name of a directory a slash is written as a question mark.
      let name = glob.description.split(separator: "?", omittingEmptySubsequences: false).joined(separator: "/")
      throw .noMatch(pattern, suggestion: CloseNames.suggestion(for: name, among: sources.map(\.name)))
    }
    if pattern.isWhole { return named.map { ($0, nil) } }
    var found: [(source: Source, keys: Set<String>?)] = []
    var others: Set<String> = []
    try Self.reading { () throws(ReadError) in try loadRows(of: named) }
    for source in named {
      let keys = try Self.reading { () throws(ReadError) in try self.keys(of: source) }.map(\.name)
      let keyGlob = pattern.keyGlob(for: source.kind)
      let own = keys.filter { keyGlob.matches($0) }
      if own.isEmpty { others.formUnion(keys) } else { found.append((source, Set(own))) }
    }
    guard !found.isEmpty else {
      let close = CloseNames.suggestion(for: pattern.key.description, among: others.sorted { $0.precedes($1) })
      throw .noMatch(pattern, suggestion: close.map { "\(glob),\($0)" })
    }
    return found
  }

  /// As `run.select_trains(trains)`. That none of them is there is no error; that some are not is reported.
  public func selecting(trains: TrainSelection) -> Run {
    let chosen = trains.trains(of: trainIDs)
    if case .list(let ids) = trains {
      let missing = Set(ids).subtracting(chosen)
      if let first = missing.min() {
        report(
          missing.count == 1
            ? "the run has no train \(first)" : "the run has no trains \(first) and \(missing.count - 1) others")
      }
    } else if chosen.isEmpty, let first = trainIDs.first, let last = trainIDs.last {
      report("the choice of trains leaves none: the run has \(trainIDs.count) trains, from \(first) to \(last)")
    }
    return restricted(trainIDs: chosen, isSourceSelection: isSourceSelection) { _ in .whole }
  }

  /// As `select(require_all=True)` or `(require_any=True)`: the trains in which every index group of every source has data, or at least
  /// one. Sources without keys have no say.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func requiring(_ requirement: Selection.Requirement) throws(ReadError) -> Run {
    try loadRows(of: sources)
    var isWanted = [Bool](repeating: requirement == .all, count: trainIDs.count)
    var seen: Set<TrainIndex> = []
    for source in sources {
      let keys = try keys(of: source)
      for group in try groups(of: source) where keys.contains(where: { $0.group == group }) {
        let index = try index(ofGroup: group, of: source)
        guard seen.insert(index).inserted else { continue }
        switch requirement {
        case .any:
          for segment in index.segments {
            for train in segment.firstTrain..<segment.endTrain { isWanted[train] = true }
          }
        case .all:
          var next = 0
          for segment in index.segments {
            for train in next..<segment.firstTrain { isWanted[train] = false }
            next = segment.endTrain
          }
          for train in next..<trainIDs.count { isWanted[train] = false }
        }
      }
    }
    let chosen = zip(trainIDs, isWanted).filter(\.1).map(\.0)
    return restricted(trainIDs: chosen, isSourceSelection: isSourceSelection) { _ in .whole }
  }

  /// As a run opened with `inc_suspect_trains=False`: without the rows of each file whose INDEX/flag is bad.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; a file whose flags cannot be read loses all of its trains, and is reported.
  public func withoutSuspect() throws(ReadError) -> Run {
    let columns = try concurrently(files.indices.map { $0 }) { file throws(ReadError) in
      try self.files[file].columns(self.hdf5)
    }
    var trains: Set<UInt64> = []
    for (file, result) in zip(files, columns) {
      switch result {
      case .failure(let error): report("\(error); all of its trains are left out as suspect")
      case .success(let columns):
        if let problem = columns.problems.first, columns.validity.isEmpty {
          report("\(problem); all trains of \(file.name) are left out as suspect")
        }
        for (train, isValid) in zip(columns.rows.trainIDs, columns.validity) where isValid && train != 0 {
          trains.insert(train)
        }
      }
    }
    return restricted(
      trainIDs: trainIDs.filter { trains.contains($0) }, isSourceSelection: isSourceSelection, isWithoutSuspect: true
    ) { _ in .whole }
  }
}
