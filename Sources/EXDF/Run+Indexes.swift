public import HDF5
internal import Synchronization

extension Run {
  /// The keys of a source, sorted by name: what any of its files has.
  ///
  /// A key's type holds the values of all of its files that have entries; where no type does, or their entries differ in shape, it is that
  /// of most trains (TREE.md, "A source"). A file that is damaged costs nothing but itself.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func keys(of source: Source) throws(ReadError) -> [Key] { try layout(of: source).keys }

  /// The index groups of a source, sorted: `""` alone for a control source.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func groups(of source: Source) throws(ReadError) -> [String] { try layout(of: source).groups }

  /// Which rows of a key's datasets hold which train of its array.
  ///
  /// The group's index, less the trains that point past the end of the dataset, less the files in which the key is missing, and less those
  /// whose entries the array cannot hold.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func index(ofKey number: Int, of source: Source) throws(ReadError) -> TrainIndex {
    if let index = source.cache.withLock({ $0.keyIndexes[number] }) { return index }
    let layout = try layout(of: source)
    guard number < layout.keys.count, layout.keys[number].problem == nil else { return TrainIndex() }
    let index = pool.interned(layout.commonIndex(ofKey: number))
    return source.cache.withLock { cache in
      if cache.keyIndexes[number] == nil { cache.keyIndexes[number] = index }
      return cache.keyIndexes[number] ?? index
    }
  }

  /// The same for every train that has data of the key, in whatever type and shape: what `counts.csv` and `trains/` show.
  ///
  /// Equal to ``index(ofKey:of:)`` where all files agree.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func wholeIndex(ofKey number: Int, of source: Source) throws(ReadError) -> TrainIndex {
    let layout = try layout(of: source)
    guard number < layout.keys.count, layout.forms[number].contains(where: { !$0.isCommon }) else {
      return try index(ofKey: number, of: source)
    }
    if let index = source.cache.withLock({ $0.wholeIndexes[number] }) { return index }
    let index = pool.interned(layout.wholeIndex(ofKey: number))
    source.cache.withLock { $0.wholeIndexes[number] = index }
    return index
  }

  /// How the files of a source have a key; one form where they agree, none where no file can be read.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func forms(ofKey number: Int, of source: Source) throws(ReadError) -> [KeyForm] {
    let layout = try layout(of: source)
    return number < layout.forms.count ? layout.forms[number] : []
  }

  /// How one file has a key that it holds entries of.
  /// - Throws: ``HDF5/ReadError``; where the file does not have the key it is said to be damaged.
  public func form(ofKey number: Int, of source: Source, inFile file: Int) throws(ReadError) -> KeyForm {
    let layout = try layout(of: source)
    guard number < layout.keys.count, let form = layout.formNumbers[file]?[number], form >= 0 else {
      let name = number < layout.keys.count ? layout.keys[number].path : source.path
      throw .damaged(file: files[file].reference.path, object: name, reason: "there is no such dataset")
    }
    return layout.forms[number][form]
  }

  /// In what the files of a source disagree over a key, one sentence each; empty where they agree.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func disagreements(ofKey number: Int, of source: Source) throws(ReadError) -> [String] {
    let layout = try layout(of: source)
    return number < layout.keys.count ? layout.disagreements(ofKey: number, in: self) : []
  }

  /// The first file of a source that has a key in the form that its array has.
  func holder(of key: Key, in source: Source) throws(ReadError) -> Int? {
    let layout = try layout(of: source)
    guard let number = layout.keys.firstIndex(where: { $0.name == key.name }) else { return source.files.first }
    return source.files.first { file in
      guard let form = layout.formNumbers[file]?[number], form >= 0 else { return false }
      return layout.forms[number][form].isCommon && layout.forms[number][form].path == key.path
    } ?? source.files.first
  }

  /// The file that a key's storage and attributes are described from: the first that has it as the array does.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func describingFile(ofKey number: Int, of source: Source) throws(ReadError) -> Int {
    let keys = try keys(of: source)
    guard number < keys.count else { return source.files[0] }
    return try holder(of: keys[number], in: source) ?? source.files[0]
  }

  /// Which trains have data in a group, for any of its keys: of each file as far as its longest key goes. A group without keys has none,
  /// as in EXtra-data.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func index(ofGroup group: String, of source: Source) throws(ReadError) -> TrainIndex {
    if let index = source.cache.withLock({ $0.groupIndexes[group] }) { return index }
    let layout = try layout(of: source)
    let numbers = layout.keys.indices.filter { layout.keys[$0].group == group && layout.keys[$0].problem == nil }
    var index = TrainIndex()
    if !numbers.isEmpty {
      index = (layout.groupIndexes[group] ?? index).limited(
        to: layout.rowCounts.mapValues { rows in numbers.map { rows[$0] }.max() ?? 0 })
    }
    let interned = pool.interned(index)
    source.cache.withLock { $0.groupIndexes[group] = interned }
    return interned
  }

  /// Trains for which a source has anything at all.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func trainsWithData(of source: Source) throws(ReadError) -> Int {
    var indexes: [TrainIndex] = []
    for group in try groups(of: source) { indexes.append(try index(ofGroup: group, of: source)) }
    return TrainIndex.trainsWithData(in: indexes)
  }
}
