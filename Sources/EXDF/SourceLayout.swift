public import HDF5
internal import Synchronization

/// A source over all of its files: its keys, and which rows of which files hold which trains.
struct SourceLayout: Sendable {
  /// What any of its files has, sorted by name.
  var keys: [Key] = []
  /// Sorted; `""` alone for a control source.
  var groups: [String] = []
  /// By index group, as INDEX has it.
  var groupIndexes: [String: TrainIndex] = [:]
  /// By file, as a position in ``Run/files``: rows of each key, in the order of the keys; 0 where the file does not have it, or cannot
  /// describe it. Files that agree share a list.
  var rowCounts: [Int: [Int]] = [:]
  /// By file: which of ``forms`` each key has there; -1 for none. Files that agree share a list.
  var formNumbers: [Int: [Int]] = [:]
  /// By key, in order of file.
  var forms: [[KeyForm]] = []
  /// By key: its index, where not every file was selected with it.
  var partialIndexes: [Int: TrainIndex] = [:]
}

extension Run {
  /// What all files of a source say of it.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  func layout(of source: Source) throws(ReadError) -> SourceLayout {
    if let known = source.cache.withLock({ $0.layout }) { return known }
    try loadRows(of: [source])
    // Loading it has put it there.
    return source.cache.withLock { $0.layout } ?? SourceLayout()
  }

  /// Reads the keys and rows of sources, each file in as few visits as possible, several files at a time.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; what had been read by then is kept.
  public func loadRows(of sources: [Source]) throws(ReadError) {
    let missing = sources.filter { source in source.cache.withLock { $0.layout == nil } }
    guard !missing.isEmpty else { return }
    try loadFacts(of: missing)
    for source in missing {
      let layout = try merged(source)
      source.cache.withLock { if $0.layout == nil { $0.layout = layout } }
    }
  }

  /// What one file of a source contributes.
  private struct Part {
    var file: Int
    var keys: [Key]
    var rows: [Int]
    var positions: [Int32]
    var facts: FileFacts
  }

  /// Puts together what the files of a source say, in order of name: of a train that two files have the first counts.
  private func merged(_ source: Source) throws(ReadError) -> SourceLayout {
    let parts = try parts(of: source)
    reportMissingGroups(of: source, parts)
    reportConflicts(of: source, parts)
    var layout = SourceLayout()
    var groups: Set<String> = []
    for part in parts {
      groups.formUnion(source.isWhole ? part.facts.groups : Set(part.keys.map(\.group)))
    }
    layout.groups = source.kind == .control ? [""] : groups.sorted { $0.precedes($1) }
    for group in layout.groups { layout.groupIndexes[group] = pool.interned(merge(parts, group)) }
    list(parts, &layout)
    if !source.isWhole { addPartialIndexes(parts, &layout) }
    for number in layout.keys.indices where layout.forms[number].count > 1 { choose(number, &layout) }
    reportDisagreements(of: source, layout)
    return layout
  }

  private func parts(of source: Source) throws(ReadError) -> [Part] {
    var parts: [Part] = []
    for holding in source.holdings {
      guard let facts = files[holding.file].facts(of: source.id) else { continue }
      var part = Part(file: holding.file, keys: facts.keys, rows: facts.rows, positions: [], facts: facts)
      if let selected = holding.keys {
        let kept = facts.keys.indices.filter { selected.contains(facts.keys[$0].name) }
        part.keys = kept.map { facts.keys[$0] }
        part.rows = kept.map { facts.rows[$0] }
      }
      if !facts.runs.isEmpty { part.positions = try positions(of: holding) }
      parts.append(part)
    }
    return parts
  }

  /// The keys of all parts, their forms, and which file has which.
  private func list(_ parts: [Part], _ layout: inout SourceLayout) {
    // Files that agree have the same array, which is compared by its address.
    var lists: [[Key]] = []
    var listNumbers: [Int] = []
    for part in parts {
      if let known = lists.lastIndex(of: part.keys) {
        listNumbers.append(known)
      } else {
        listNumbers.append(lists.count)
        lists.append(part.keys)
      }
    }
    var byName: [String: Key] = [:]
    for key in lists.joined() where byName[key.name].map({ $0.problem != nil && key.problem == nil }) ?? true {
      byName[key.name] = key
    }
    layout.keys = byName.values.sorted { $0.name.precedes($1.name) }
    layout.forms = layout.keys.map { _ in [] }
    let numbers = Dictionary(uniqueKeysWithValues: layout.keys.enumerated().map { ($0.element.name, $0.offset) })
    // Of each list: the keys' numbers, and the forms that it has.
    var places: [[Int]] = []
    var formLists: [[Int]] = []
    for list in lists {
      var forms = [Int](repeating: -1, count: layout.keys.count)
      places.append(list.map { numbers[$0.name] ?? 0 })
      for (key, number) in zip(list, places[places.count - 1]) where key.problem == nil {
        let form = KeyForm(key)
        forms[number] = layout.forms[number].firstIndex(of: form) ?? layout.forms[number].count
        if forms[number] == layout.forms[number].count { layout.forms[number].append(form) }
      }
      formLists.append(forms)
    }
    var shared: Set<[Int]> = []
    for (part, list) in zip(parts, listNumbers) {
      var rows = part.rows
      if rows.count != layout.keys.count {
        rows = [Int](repeating: 0, count: layout.keys.count)
        for (place, count) in zip(places[list], part.rows) { rows[place] = count }
      }
      var forms = formLists[list]
      // A file that two parts of a union have with different keys has all of them.
      if let others = layout.rowCounts[part.file], let otherForms = layout.formNumbers[part.file] {
        rows = zip(rows, others).map { max($0, $1) }
        forms = zip(forms, otherForms).map { max($0, $1) }
      }
      layout.rowCounts[part.file] = shared.insert(rows).memberAfterInsert
      layout.formNumbers[part.file] = forms
    }
  }

  /// Of keys that only some files were selected with.
  private func addPartialIndexes(_ parts: [Part], _ layout: inout SourceLayout) {
    for (number, key) in layout.keys.enumerated() {
      let having = parts.filter { part in part.keys.contains { $0.name == key.name } }
      // A file that lacks the key, while it was selected, has trains of its own that are without data: they are no other file's.
      if having.count < parts.count, parts.contains(where: { $0.keys.count != $0.facts.keys.count }) {
        layout.partialIndexes[number] = pool.interned(merge(having, key.group))
      }
    }
  }

  /// Decides which forms of a key are in its array.
  private func choose(_ number: Int, _ layout: inout SourceLayout) {
    let index = layout.wholeIndex(ofKey: number)
    var forms = layout.forms[number]
    var files = forms.map { _ in Set<Int>() }
    for segment in index.segments {
      guard let form = layout.formNumbers[segment.file]?[number], form >= 0 else { continue }
      forms[form].trainsWithData += segment.trainCount
      files[form].insert(segment.file)
    }
    for form in forms.indices { forms[form].files = files[form].sorted() }
    let common = CommonForm(forms.map { ($0.datatype, $0.entryShape, $0.trainsWithData) })
    for form in forms.indices { forms[form].isCommon = common.members[form] }
    layout.forms[number] = forms
    layout.keys[number].datatype = common.datatype
    layout.keys[number].entryShape = common.entryShape
    let first = forms.first { $0.isCommon && $0.trainsWithData > 0 } ?? forms.first { $0.isCommon }
    if let first { layout.keys[number].path = first.path }
  }

  private func merge(_ parts: [Part], _ group: String) -> TrainIndex {
    let trains = trainIDs.count
    // Which part a train was first met in, and what its row there says; -1 for nowhere.
    var owner = [Int32](repeating: -1, count: trains)
    var firsts = [UInt64](repeating: 0, count: trains)
    var counts = [UInt64](repeating: 0, count: trains)
    for (number, part) in parts.enumerated() {
      guard let runs = part.facts.runs[group] else { continue }
      // A train belongs to the first file that has it, even where the index of that file is too short to say anything of it.
      for position in part.positions where position >= 0 && owner[Int(position)] < 0 {
        owner[Int(position)] = Int32(number)
      }
      runs.visitRows { row, first, count in
        guard row < part.positions.count, part.positions[row] >= 0 else { return }
        let position = Int(part.positions[row])
        guard owner[position] == Int32(number) else { return }
        (firsts[position], counts[position]) = (first, count)
      }
    }
    var index = TrainIndex()
    for train in 0..<trains where owner[train] >= 0 {
      index.append(train: train, file: parts[Int(owner[train])].file, firstRow: firsts[train], count: counts[train])
    }
    return index
  }

  /// Of a union: trains that two files have of a source.
  private func reportConflicts(of source: Source, _ parts: [Part]) {
    guard self.parts.count > 1 else { return }
    var owner = [Int32](repeating: -1, count: trainIDs.count)
    var found: (train: Int, first: Int, second: Int)?
    var trains: Set<Int32> = []
    for (number, part) in parts.enumerated() {
      for position in part.positions where position >= 0 {
        let known = owner[Int(position)]
        if known < 0 {
          owner[Int(position)] = Int32(number)
        } else if parts[Int(known)].file != part.file {
          trains.insert(position)
          if found == nil { found = (Int(position), parts[Int(known)].file, part.file) }
        }
      }
    }
    guard let found else { return }
    let first = files[found.first].reference.path
    report(
      "\(source.name): \(trains.count) trains are in two files of the union, such as \(trainIDs[found.train]) in \(first) and in "
        + "\(files[found.second].reference.path); the first of them by name counts")
  }

  private func reportMissingGroups(of source: Source, _ parts: [Part]) {
    let without = parts.filter { $0.facts.hasGroup == false }
    guard let first = without.first else { return }
    let others = without.count == 1 ? "" : ", and neither have \(without.count - 1) other files"
    report("\(files[first.file].reference.path): it lists \(source.name), but has no \(source.path)\(others)")
  }

  /// Keys of one source whose disagreements are named one by one.
  private static let mostReported = 10

  private func reportDisagreements(of source: Source, _ layout: SourceLayout) {
    var reported = 0
    for number in layout.keys.indices where reported < Self.mostReported {
      let texts = layout.disagreements(ofKey: number, in: self)
      if !texts.isEmpty { reported += 1 }
      for text in texts { report(text) }
    }
  }

  /// The position in ``Run/trainIDs`` of each row of a file's INDEX; -1 for padding, for a train met before in the file, and for what the
  /// run does not have of it.
  private func positions(of holding: Source.Holding) throws(ReadError) -> [Int32] {
    var positions = try positions(of: holding.file)
    let rows = try files[holding.file].rows(hdf5).trainIDs
    if let trains = holding.trains {
      for (row, train) in rows.enumerated() where positions[row] >= 0 && !trains.contains(train) { positions[row] = -1 }
    }
    guard holding.isWithoutSuspect else { return positions }
    let validity: [Bool]
    switch try files[holding.file].columns(hdf5) {
    case .success(let columns): validity = columns.validity
    case .failure: validity = []
    }
    for row in positions.indices where !(row < validity.count && validity[row]) { positions[row] = -1 }
    return positions
  }

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

extension SourceLayout {
  /// Every train that has data of a key, in whatever form.
  func wholeIndex(ofKey number: Int) -> TrainIndex {
    let group = partialIndexes[number] ?? groupIndexes[keys[number].group] ?? TrainIndex()
    return group.limited(to: rowCounts.mapValues { $0[number] })
  }

  /// The trains whose entries are in the array of a key.
  func commonIndex(ofKey number: Int) -> TrainIndex {
    let forms = forms[number]
    guard forms.contains(where: { !$0.isCommon }) else { return wholeIndex(ofKey: number) }
    let group = partialIndexes[number] ?? groupIndexes[keys[number].group] ?? TrainIndex()
    var rows: [Int: Int] = [:]
    for (file, counts) in rowCounts {
      if let form = formNumbers[file]?[number], form >= 0, forms[form].isCommon { rows[file] = counts[number] }
    }
    return group.limited(to: rows)
  }

  /// Files in which the group of a key has entries while the key is not there.
  func filesWithout(key number: Int) -> [Int] {
    guard formNumbers.values.contains(where: { $0[number] < 0 }), partialIndexes[number] == nil,
      let group = groupIndexes[keys[number].group]
    else { return [] }
    return Set(group.segments.map(\.file)).filter { (formNumbers[$0]?[number] ?? -1) < 0 }.sorted()
  }

  /// In what the files of a source disagree over a key, one sentence each.
  func disagreements(ofKey number: Int, in run: Run) -> [String] {
    let key = keys[number]
    var texts: [String] = []
    func others(_ files: [Int]) -> String { files.count == 1 ? "" : " (and in \(files.count - 1) other files)" }
    let without = filesWithout(key: number)
    if let first = without.first, !forms[number].isEmpty {
      texts.append(
        "\(run.files[first].reference.path): \(key.path) is missing\(others(without)); its trains there have no data of it"
      )
    }
    for form in forms[number] where form.trainsWithData > 0 {
      guard let first = form.files.first else { continue }
      let place = "\(run.files[first].reference.path): \(form.path)"
      if !form.isCommon {
        texts.append(
          "\(place) has entries of \(form.described) where most trains have \(key.described)\(others(form.files)); "
            + "these \(form.trainsWithData) trains are not in the array of the key, and have arrays of their own in trains/"
        )
      } else if form.datatype.asNumPySeesIt != key.datatype.asNumPySeesIt {
        texts.append(
          "\(place) holds \(form.datatype.name)\(others(form.files)); it is read as \(key.datatype.name), exactly")
      }
    }
    return texts
  }
}

extension KeyForm {
  var described: String { "dtype \(datatype.name), shape (\(entryShape.map(String.init).joined(separator: ", ")))" }
}

extension Key {
  var described: String { "dtype \(datatype.name), shape (\(entryShape.map(String.init).joined(separator: ", ")))" }
}
