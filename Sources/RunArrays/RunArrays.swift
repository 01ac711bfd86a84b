public import ArrayIO
public import EXDF
public import HDF5
public import NPY

/// The arrays of a run: where EXDF's "these rows of that dataset hold this train" becomes bytes that can be read.
public final class RunArrays: Sendable {
  public let run: Run
  public let store: DatasetStore

  public init(run: Run, store: DatasetStore) {
    self.run = run
    self.store = store
  }

  /// What one entry of a key looks like to numpy.
  public struct Entry: Hashable, Sendable {
    public var element: ElementType
    public var shape: [Int]
    var elements: DatasetReference.Elements

    /// Whether it is one plain value, which a line of a table can hold.
    public var isScalar: Bool {
      if case .structure = element { return false }
      return shape.isEmpty
    }
  }

  /// Why a key is not offered as `.npy`; nil where it is.
  public func obstacle(to key: Key) -> String? {
    if let problem = key.problem { return problem }
    if case .none(let reason) = Representation(key.datatype) { return reason }
    return nil
  }

  /// Whether a key's entries are single values, without asking how long its strings are.
  public func isScalar(_ key: Key) -> Bool {
    guard key.problem == nil, key.entryShape.isEmpty else { return false }
    switch Representation(key.datatype) {
    case .element(.structure, _): return false
    case .element(_, let inner): return inner.isEmpty
    case .variableStrings: return true
    case .none: return false
    }
  }

  /// - Throws: ``ReadError`` where npy has no word for it, or its strings cannot be read.
  public func entry(ofKey number: Int, of source: Source) throws(ReadError) -> Entry {
    let key = try run.keys(of: source)[number]
    let representation = Representation(key.datatype)
    switch representation {
    case .element(let element, let inner):
      return Entry(element: element, shape: key.entryShape + inner, elements: .numpy(key.datatype))
    case .variableStrings:
      // numpy has no strings of length 0.
      let length = max(1, try run.longestString(ofKey: number, of: source))
      return Entry(element: .bytes(length: length), shape: key.entryShape, elements: .strings(length: length))
    case .none(let reason):
      throw .damaged(file: run.files[source.files[0]].reference.path, object: key.path, reason: reason)
    }
  }

  /// What the whole of a key is as an array; nothing of its data is read.
  public func description(ofKey number: Int, of source: Source) throws(ReadError) -> ArrayDescription {
    let entry = try entry(ofKey: number, of: source)
    return try describe(entry, entries: try run.index(ofKey: number, of: source).entries, number, source)
  }

  /// The same for the entries of one train: a single entry has no first axis, as `train_from_id` gives it.
  public func description(
    ofKey number: Int, of source: Source, entries: Int
  ) throws(ReadError) -> ArrayDescription {
    try describe(try entry(ofKey: number, of: source), entries: entries, dropsSingle: true, number, source)
  }

  private func describe(
    _ entry: Entry, entries: Int, dropsSingle: Bool = false, _ number: Int, _ source: Source
  ) throws(ReadError) -> ArrayDescription {
    let shape = dropsSingle && entries == 1 ? entry.shape : [entries] + entry.shape
    guard let description = ArrayDescription(element: entry.element, shape: shape) else {
      throw try tooLarge(number, source)
    }
    return description
  }

  /// All entries of a key, in order of train.
  public func array(ofKey number: Int, of source: Source) throws(ReadError) -> StoredArray {
    try array(ofKey: number, of: source, trains: 0..<run.trainIDs.count)
  }

  /// The entries of the trains at these positions of ``EXDF/Run/trainIDs``, in order of train.
  ///
  /// - Parameter type: what entries become where that is not the key's own type: another one of the same shape.
  public func array(
    ofKey number: Int, of source: Source, trains: Range<Int>, as type: Entry? = nil
  ) throws(ReadError) -> StoredArray {
    let entry = if let type { type } else { try entry(ofKey: number, of: source) }
    let path = try run.keys(of: source)[number].path
    var parts: [ArrayPart] = []
    for segment in try run.index(ofKey: number, of: source).segments {
      let first = max(segment.firstTrain, trains.lowerBound)
      let end = min(segment.firstTrain + segment.trainCount, trains.upperBound)
      guard first < end else { continue }
      let row = segment.firstRow + (first - segment.firstTrain) * segment.entriesPerTrain
      let rows = (end - first) * segment.entriesPerTrain
      append(rows, from: row, of: segment.file, path, entry, to: &parts)
    }
    guard let array = StoredArray(element: entry.element, entryShape: entry.shape, parts: parts, store) else {
      throw try tooLarge(number, source)
    }
    return array
  }

  /// Segments that differ only in how many entries their trains have are one stretch of rows.
  private func append(
    _ rows: Int, from row: Int, of file: Int, _ path: String, _ entry: Entry, to parts: inout [ArrayPart]
  ) {
    let reference = run.files[file].reference
    if let last = parts.last, last.dataset.file.path == reference.path, last.firstRow + last.rows == row {
      parts[parts.count - 1].rows += rows
    } else {
      let dataset = DatasetReference(file: reference, object: path, elements: entry.elements)
      parts.append(ArrayPart(dataset: dataset, firstRow: row, rows: rows))
    }
  }

  /// The entries of one train; nil where it has none.
  public func array(
    ofKey number: Int, of source: Source, train: Int
  ) throws(ReadError) -> StoredArray? {
    guard let location = try run.index(ofKey: number, of: source).location(ofTrain: train) else { return nil }
    let entry = try entry(ofKey: number, of: source)
    let dataset = DatasetReference(
      file: run.files[location.file].reference, object: try run.keys(of: source)[number].path, elements: entry.elements)
    let part = ArrayPart(dataset: dataset, firstRow: location.firstRow, rows: location.rows)
    guard
      let array = StoredArray(
        element: entry.element, entryShape: entry.shape, parts: [part], dropsFirstAxis: true, store)
    else { throw try tooLarge(number, source) }
    return array
  }

  private func tooLarge(_ number: Int, _ source: Source) throws(ReadError) -> ReadError {
    .damaged(
      file: run.files[source.files[0]].reference.path, object: try run.keys(of: source)[number].path,
      reason: "it would be larger than a file can be")
  }
}
