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
    /// What the elements of every file become.
    var datatype: Datatype
    /// Of strings.
    var stringLength = 0

    /// How the elements of a file that has `stored` are read.
    func elements(of stored: Datatype) -> DatasetReference.Elements {
      switch datatype {
      case .variableString: return .strings(length: stringLength)
      case .fixedString(let length, _, _):
        // Of another length, or of another character set: libhdf5 converts only between the same.
        return stored.asNumPySeesIt == datatype.asNumPySeesIt ? .numpy(stored) : .strings(length: length)
      default:
        // What numpy sees no difference in is read as the file has it: enumerations by number and not by name.
        return .numpy(stored.asNumPySeesIt == datatype.asNumPySeesIt ? stored : datatype)
      }
    }

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
    if case .variableStrings = Representation(key.datatype) {
      return strings(key.datatype, key.entryShape, longest: try run.longestString(ofKey: number, of: source))
    }
    return try plainEntry(key.datatype, key.entryShape, key.path, try file(number, source))
  }

  /// The same for entries that are not in the key's array, because no type or shape is common to both.
  private func entry(_ form: KeyForm, _ number: Int, of source: Source) throws(ReadError) -> Entry {
    if case .variableStrings = Representation(form.datatype) {
      return strings(form.datatype, form.entryShape, longest: try run.longestString(form, ofKey: number, of: source))
    }
    return try plainEntry(form.datatype, form.entryShape, form.path, form.files.first ?? source.files[0])
  }

  private func strings(_ type: Datatype, _ shape: [Int], longest: Int) -> Entry {
    // numpy has no strings of length 0.
    let length = max(1, longest)
    return Entry(element: .bytes(length: length), shape: shape, datatype: type, stringLength: length)
  }

  private func plainEntry(
    _ type: Datatype, _ shape: [Int], _ path: String, _ file: Int
  ) throws(ReadError) -> Entry {
    switch Representation(type) {
    case .element(let element, let inner): return Entry(element: element, shape: shape + inner, datatype: type)
    case .variableStrings, .none:
      var reason = "it holds \(type.name)"
      if case .none(let why) = Representation(type) { reason = why }
      throw .damaged(file: run.files[file].reference.path, object: path, reason: reason)
    }
  }

  private func file(_ number: Int, _ source: Source) throws(ReadError) -> Int {
    try run.describingFile(ofKey: number, of: source)
  }

  /// What the whole of a key is as an array; nothing of its data is read.
  public func description(ofKey number: Int, of source: Source) throws(ReadError) -> ArrayDescription {
    let entry = try entry(ofKey: number, of: source)
    return try describe(entry, entries: try run.index(ofKey: number, of: source).entries, number, source)
  }

  /// The same for the entries of one train, at its position in ``EXDF/Run/trainIDs``: a single entry has no first axis, as
  /// `train_from_id` gives it. Entries that are not in the key's array have their own type and shape. Nil where the train has none.
  public func description(
    ofKey number: Int, of source: Source, train: Int
  ) throws(ReadError) -> ArrayDescription? {
    guard let location = try run.wholeIndex(ofKey: number, of: source).location(ofTrain: train) else { return nil }
    let (entry, _) = try entry(ofKey: number, of: source, in: location.file)
    return try describe(entry, entries: location.rows, dropsSingle: true, number, source)
  }

  /// Extents of the entries of a key that one file holds, as numpy sees them.
  /// - Throws: ``ReadError``.
  public func entryShape(ofKey number: Int, of source: Source, inFile file: Int) throws(ReadError) -> [Int] {
    let form = try run.form(ofKey: number, of: source, inFile: file)
    guard case .element(_, let inner) = Representation(form.datatype) else { return form.entryShape }
    return form.entryShape + inner
  }

  /// What a train's entries look like, and how its file has them.
  private func entry(
    ofKey number: Int, of source: Source, in file: Int
  ) throws(ReadError) -> (entry: Entry, form: KeyForm) {
    let form = try run.form(ofKey: number, of: source, inFile: file)
    return (form.isCommon ? try entry(ofKey: number, of: source) : try entry(form, number, of: source), form)
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
    var parts: [ArrayPart] = []
    for segment in try run.index(ofKey: number, of: source).segments {
      let first = max(segment.firstTrain, trains.lowerBound)
      let end = min(segment.firstTrain + segment.trainCount, trains.upperBound)
      guard first < end else { continue }
      let row = segment.firstRow + (first - segment.firstTrain) * segment.entriesPerTrain
      let rows = (end - first) * segment.entriesPerTrain
      append(
        rows, from: row, of: segment.file, try run.form(ofKey: number, of: source, inFile: segment.file), entry,
        to: &parts)
    }
    guard let array = StoredArray(element: entry.element, entryShape: entry.shape, parts: parts, store) else {
      throw try tooLarge(number, source)
    }
    return array
  }

  /// Segments that differ only in how many entries their trains have are one stretch of rows.
  private func append(
    _ rows: Int, from row: Int, of file: Int, _ form: KeyForm, _ entry: Entry, to parts: inout [ArrayPart]
  ) {
    let reference = run.files[file].reference
    if let last = parts.last, last.dataset.file.path == reference.path, last.firstRow + last.rows == row {
      parts[parts.count - 1].rows += rows
    } else {
      let dataset = DatasetReference(file: reference, object: form.path, elements: entry.elements(of: form.datatype))
      parts.append(ArrayPart(dataset: dataset, firstRow: row, rows: rows))
    }
  }

  /// The entries of one train; nil where it has none.
  public func array(
    ofKey number: Int, of source: Source, train: Int
  ) throws(ReadError) -> StoredArray? {
    guard let location = try run.wholeIndex(ofKey: number, of: source).location(ofTrain: train) else { return nil }
    let (entry, form) = try entry(ofKey: number, of: source, in: location.file)
    let dataset = DatasetReference(
      file: run.files[location.file].reference, object: form.path, elements: entry.elements(of: form.datatype))
    let part = ArrayPart(dataset: dataset, firstRow: location.firstRow, rows: location.rows)
    guard
      let array = StoredArray(
        element: entry.element, entryShape: entry.shape, parts: [part], dropsFirstAxis: true, store)
    else { throw try tooLarge(number, source) }
    return array
  }

  private func tooLarge(_ number: Int, _ source: Source) throws(ReadError) -> ReadError {
    .damaged(
      file: run.files[try file(number, source)].reference.path, object: try run.keys(of: source)[number].path,
      reason: "it would be larger than a file can be")
  }
}
