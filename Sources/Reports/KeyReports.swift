internal import ArrayIO
public import EXDF
public import HDF5
internal import NPY
public import RunArrays

/// The texts in a key's directory, and what its extended attributes say.
public enum KeyReports {
  /// `counts.csv`: entries in each train of the run, 0 where there is no data; where files differ in what an entry is, its shape too.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func counts(
    ofKey number: Int, of source: Source, in arrays: RunArrays
  ) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let index = try run.wholeIndex(ofKey: number, of: source)
    let differs = try run.forms(ofKey: number, of: source).contains { !$0.isCommon && $0.trainsWithData > 0 }
    var csv = CSV(header: ["train_id", "count"] + (differs ? ["shape"] : []))
    var shapes: [Int: String] = [:]
    for (position, train) in run.trainIDs.enumerated() {
      let location = index.location(ofTrain: position)
      csv.field(number: train)
      csv.field(number: location?.rows ?? 0)
      if differs {
        if let file = location?.file, shapes[file] == nil {
          shapes[file] = try arrays.entryShape(ofKey: number, of: source, inFile: file).map(String.init).joined(
            separator: "x")
        }
        csv.field(location.flatMap { shapes[$0.file] } ?? "")
      }
      csv.endLine()
    }
    return csv.bytes
  }

  /// A text of more entries than this would be hundreds of megabytes in memory: such a key has no values.csv.
  private static let mostValues = 8 << 20

  /// Nor one whose values, as they lie in memory, take more than this.
  private static let mostBytes = 256 << 20

  /// Whether a key has a `values.csv`.
  public static func hasValues(_ number: Int, of source: Source, in arrays: RunArrays) throws(ReadError) -> Bool {
    let key = try arrays.run.keys(of: source)[number]
    guard arrays.isScalar(key) else { return false }
    let entries = try arrays.run.index(ofKey: number, of: source).entries
    return entries <= mostValues && entries <= mostBytes / max(1, key.datatype.size ?? 1)
  }

  /// `values.csv`: one row per entry.
  public static func values(
    ofKey number: Int, of source: Source, in arrays: RunArrays
  ) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let elements = Elements(of: try arrays.array(ofKey: number, of: source))
    var csv = CSV(header: ["train_id", "value"])
    for segment in try run.index(ofKey: number, of: source).segments {
      for entry in 0..<segment.entries {
        csv.field(number: run.trainIDs[segment.firstTrain + entry / segment.entriesPerTrain])
        try elements.withElement(segment.firstEntry + entry) { csv.field(elements.element, $0) }
        csv.endLine()
      }
    }
    return csv.bytes
  }

  /// `info.txt`.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; what is wrong with a file is in the text.
  public static func info(
    ofKey number: Int, of source: Source, in arrays: RunArrays
  ) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let key = try run.keys(of: source)[number]
    let index = try run.index(ofKey: number, of: source)
    let attributes =
      try ReadError.unlessDamaged { () throws(ReadError) in try run.attributes(of: key, in: source) } ?? [:]
    var text = Text()
    text.append(line: "\(source.name) \(key.name)")
    if let obstacle = arrays.obstacle(to: key) {
      text.append(line: "no array:         \(obstacle)")
    } else {
      do throws(ReadError) {
        let entry = try arrays.entry(ofKey: number, of: source)
        text.append(line: "dtype:            \(entry.element.descriptor)")
        text.append(line: "entry shape:      \(Shape.literal(entry.shape))")
      } catch {
        guard case .damaged(let damage) = error else { throw error }
        text.append(line: "no array:         \(damage)")
      }
    }
    text.append(line: "entries:          \(index.entries)")
    let whole = try run.wholeIndex(ofKey: number, of: source)
    text.append(line: "trains with data: \(whole.trainsWithData) of \(run.trainIDs.count)")
    for line in try run.disagreements(ofKey: number, of: source) { text.append(line: "files differ:     \(line)") }
    if let units = Run.units(in: attributes) { text.append(line: "units:            \(units)") }
    if arrays.isScalar(key), !(try hasValues(number, of: source, in: arrays)) {
      text.append(
        line: "no values.csv:    it would have more than \(mostValues) rows, or \(mostBytes >> 20) MiB of values")
    }
    for line in try storageLines(number, source, run) { text.append(line: line) }
    if !attributes.isEmpty {
      text.append(line: "attributes:")
      for (name, value) in attributes.sorted(by: { $0.key.precedes($1.key) }) {
        text.append(line: "  \(name): \(self.text(of: value))")
      }
    }
    return text.bytes
  }

  private static func storageLines(_ number: Int, _ source: Source, _ run: Run) throws(ReadError) -> [String] {
    let key = try run.keys(of: source)[number]
    let describing = try run.describingFile(ofKey: number, of: source)
    let file = run.files[describing]
    var lines = ["dataset:          \(key.path)", "files:            \(source.files.count), the first is \(file.name)"]
    do throws(ReadError) {
      let storage = try run.storage(of: key, inFile: describing)
      lines.append("storage:          \(text(of: storage))")
      let missing = storage.filters.filter { !$0.isAvailable }.map { $0.name.isEmpty ? "\($0.identifier)" : $0.name }
      if !missing.isEmpty {
        lines.append("unreadable:       the HDF5 filter \(missing.joined(separator: ", ")) is not installed here")
      }
    } catch {
      guard case .damaged(let damage) = error else { throw error }
      lines.append("storage:          \(damage)")
    }
    return lines
  }

  private static func text(of storage: Storage) -> String {
    let layout =
      switch storage.layout {
      case .compact: "compact"
      case .contiguous(let offset): offset == nil ? "contiguous, never written" : "contiguous"
      case .chunked(let shape): "chunks of \(Shape.literal(shape))"
      case .virtual: "virtual: the data is in other datasets"
      case .external: "in other files"
      }
    let filters = storage.filters.map { $0.name.isEmpty ? "filter \($0.identifier)" : $0.name }
    return filters.isEmpty ? layout : "\(layout), \(filters.joined(separator: ", "))"
  }

  /// An attribute as one line of text.
  public static func text(of value: AttributeValue) -> String {
    func list(_ elements: [String]) -> String {
      elements.count == 1 ? elements[0] : "[" + elements.joined(separator: ", ") + "]"
    }
    switch value {
    case .string(let text): return text
    case .strings(let texts): return list(texts)
    case .integers(let numbers): return list(numbers.map(String.init))
    case .unsigned(let numbers): return list(numbers.map(String.init))
    case .floats(let numbers): return list(numbers.map { ElementText.text($0) })
    case .other(let what): return what
    }
  }
}
