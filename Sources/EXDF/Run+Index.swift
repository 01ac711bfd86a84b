internal import HDF5
internal import Synchronization

extension Run {
  /// The index groups of a source, sorted: `""` alone for a control source.
  public func groups(of source: Source) -> [String] {
    if source.kind == .control { return [""] }
    if let groups = source.cache.withLock({ $0.groups }) { return groups }
    let keyGroups = keys(of: source).map(\.group)
    return HDF5Library.withLock { library in
      var indexed: [String] = []
      for file in source.files {
        let links = try? files[file].read(filePool, library) { (opened, library) throws(HDF5Error) -> [String]? in
          let path = "INDEX/\(source.name)"
          guard opened.kind(of: path, library) == .group else { return nil }
          return try opened.links(in: path, library)
        }
        if let links = links ?? nil {
          indexed = links
          break
        }
      }
      let groups = Set(indexed + keyGroups).sorted { $0.precedes($1) }
      source.cache.withLock { $0.groups = groups }
      return groups
    }
  }

  /// Which rows hold which train, as INDEX has it for a group of a source.
  ///
  /// Of a train that two files have, the first file in order of name counts. A file whose index cannot be read has no data.
  func groupIndex(_ group: String, of source: Source) -> TrainIndex {
    if let index = source.cache.withLock({ $0.groupIndexes[group] }) { return index }
    var rows: [(file: Int, positions: [Int32], firsts: [UInt64], counts: [UInt64])] = []
    for file in source.files {
      // The lock is given back between files: a source of hundreds of files must not keep the library that long.
      let read = HDF5Library.withLock { library in
        do throws(EXDFError) {
          return Optional((try positions(of: file, library), try indexRows(group, of: source, in: file, library)))
        } catch {
          report("\(error); the data of \(source.name) in this file are left out")
          return nil
        }
      }
      if let (positions, index) = read { rows.append((file, positions, index.firsts, index.counts)) }
    }
    let index = interned(Self.merge(rows, trains: trainIDs.count))
    source.cache.withLock { $0.groupIndexes[group] = index }
    return index
  }

  private static func merge(
    _ files: [(file: Int, positions: [Int32], firsts: [UInt64], counts: [UInt64])], trains: Int
  ) -> TrainIndex {
    // Which file and row a train was first met in; -1 for nowhere.
    var owner = [Int32](repeating: -1, count: trains)
    var ownerRow = [Int32](repeating: 0, count: trains)
    for (number, file) in files.enumerated() {
      for (row, position) in file.positions.enumerated() where position >= 0 && owner[Int(position)] < 0 {
        owner[Int(position)] = Int32(number)
        ownerRow[Int(position)] = Int32(row)
      }
    }
    var index = TrainIndex()
    for train in 0..<trains where owner[train] >= 0 {
      let file = files[Int(owner[train])]
      let row = Int(ownerRow[train])
      guard row < file.firsts.count, row < file.counts.count else { continue }
      index.append(train: train, file: file.file, firstRow: file.firsts[row], count: file.counts[row])
    }
    return index
  }

  /// INDEX/<source>/<group>: `first` and `count`, or `first`, `last` and `status` in the files of 2017 and 2018; told apart by
  /// what is there (EXDF.md 2.1).
  func indexRows(
    _ group: String, of source: Source, in file: Int, _ library: borrowing HDF5Library
  ) throws(EXDFError) -> (firsts: [UInt64], counts: [UInt64]) {
    let rows = try files[file].rows(filePool, library).trainIDs.count
    let path = group.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group)"
    return try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) in
      let firsts = try opened.dataset("\(path)/first", library).uint64s(limit: rows, library)
      if opened.exists("\(path)/count", library) {
        return (firsts, try opened.dataset("\(path)/count", library).uint64s(limit: rows, library))
      }
      let lasts = try opened.dataset("\(path)/last", library).uint64s(limit: rows, library)
      let status = try opened.dataset("\(path)/status", library).uint64s(limit: rows, library)
      // Wrapping, as numpy computes it: nonsense becomes a row past the end, which is no data.
      let counts = zip(zip(firsts, lasts), status).map { ($0.1 &- $0.0 &+ 1) &* $1 }
      return (firsts, counts)
    }
  }

  /// The position in ``Run/trainIDs`` of each row of a file's INDEX; -1 for padding and for a train met before in the file.
  func positions(of file: Int, _ library: borrowing HDF5Library) throws(EXDFError) -> [Int32] {
    if let positions = positionCache.withLock({ $0[file] }) { return positions }
    let rows = try files[file].rows(filePool, library).trainIDs
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

  /// Which rows of a key's datasets hold which train.
  ///
  /// The group's index, less the trains that point past the end of the dataset, and less the files in which the key is
  /// missing or is something else.
  public func index(ofKey number: Int, of source: Source) -> TrainIndex {
    if let index = source.cache.withLock({ $0.keyIndexes[number] }) { return index }
    let keys = keys(of: source)
    guard number < keys.count, keys[number].problem == nil else { return TrainIndex() }
    let key = keys[number]
    let group = groupIndex(key.group, of: source)
    var rows: [Int: Int] = [:]
    for file in Set(group.segments.map(\.file)).sorted() {
      rows[file] = HDF5Library.withLock { library in rowCount(of: key, in: file, library) }
    }
    let index = interned(group.limited(to: rows))
    source.cache.withLock { $0.keyIndexes[number] = index }
    return index
  }

  /// Which trains have data in a group, for any of its keys. A group without keys has none, as in EXtra-data.
  public func index(ofGroup group: String, of source: Source) -> TrainIndex {
    if let index = source.cache.withLock({ $0.wholeGroupIndexes[group] }) { return index }
    var best = TrainIndex()
    for (number, key) in keys(of: source).enumerated() where key.group == group {
      let index = index(ofKey: number, of: source)
      if index.entries > best.entries { best = index }
    }
    source.cache.withLock { $0.wholeGroupIndexes[group] = best }
    return best
  }

  /// Trains for which a source has anything at all.
  public func trainsWithData(of source: Source) -> Int {
    TrainIndex.trainsWithData(in: groups(of: source).map { index(ofGroup: $0, of: source) })
  }

  private func rowCount(of key: Key, in file: Int, _ library: borrowing HDF5Library) -> Int {
    do throws(EXDFError) {
      return try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) in
        guard opened.kind(of: key.path, library) == .dataset else {
          report("\(opened.path): \(key.path) is missing; its data in this file are left out")
          return 0
        }
        let dataset = try opened.dataset(key.path, library)
        let shape = try dataset.shape(library)
        let type = try dataset.datatype(library)
        guard let rows = shape.first, Array(shape.dropFirst()) == key.entryShape, type.converts(to: key.datatype) else {
          report(
            "\(opened.path): \(key.path) has another type or shape than in the first file of its source; its data in this "
              + "file are left out")
          return 0
        }
        return rows
      }
    } catch {
      report("\(error); its data in this file are left out")
      return 0
    }
  }

  /// The longest string of a key of variable-length strings, over all of its files.
  public func longestString(ofKey number: Int, of source: Source) throws(EXDFError) -> Int {
    if let known = source.cache.withLock({ $0.stringLengths[number] }) { return try known.get() }
    let index = index(ofKey: number, of: source)
    let path = keys(of: source)[number].path
    let entry = keys(of: source)[number].entryShape
    var longest = 0
    var failure: EXDFError?
    do throws(EXDFError) {
      for segment in index.segments {
        // A few thousand strings at a time, and the lock given back in between.
        let step = max(1, 4096 / max(1, entry.reduce(1, { $0 &* max(1, $1) })))
        for first in stride(from: 0, to: segment.entries, by: step) {
          let count = min(step, segment.entries - first)
          let strings = try HDF5Library.withLock { (library) throws(EXDFError) in
            try files[segment.file].read(filePool, library) { (opened, library) throws(HDF5Error) in
              try opened.dataset(path, library).strings(
                start: [segment.firstRow + first] + [Int](repeating: 0, count: entry.count), count: [count] + entry,
                library)
            }
          }
          longest = max(longest, strings.map(\.count).max() ?? 0)
        }
      }
    } catch {
      failure = error
    }
    let result: Result<Int, EXDFError> = failure.map { .failure($0) } ?? .success(longest)
    source.cache.withLock { $0.stringLengths[number] = result }
    return try result.get()
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
