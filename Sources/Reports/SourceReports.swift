internal import ArrayIO
public import EXDF
public import HDF5
internal import NPY
public import RunArrays

/// The texts in a source's directory.
public enum SourceReports {
  /// `info.txt`: what the source is, where it is, and its keys.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone; what is wrong with a file is in the text.
  public static func info(of source: Source, in arrays: RunArrays) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let trains = try run.trainsWithData(of: source)
    var text = Text()
    text.append(line: source.name)
    text.append(line: "kind:             \(source.kind.rawValue) source")
    text.append(line: "aggregator:       \(run.files[source.files[0]].aggregator)")
    text.append(line: "trains with data: \(trains) of \(run.trainIDs.count)")
    text.append(line: "files:            \(source.files.count)")
    for file in source.files { text.append(line: "  \(run.files[file].name)") }
    let keys = try run.keys(of: source)
    if keys.isEmpty { text.append(line: "keys:             none; see run.csv for its values at the start of the run") }
    for group in try run.groups(of: source) where keys.contains(where: { $0.group == group }) {
      let index = try run.index(ofGroup: group, of: source)
      let title = group.isEmpty ? "keys" : "keys of \(group)"
      text.append(line: "")
      text.append(line: "\(title): \(index.entries) entries in \(index.trainsWithData) trains")
      for (number, key) in keys.enumerated() where key.group == group {
        text.append(line: "  \(key.name)", try typeText(number, source, arrays))
      }
    }
    return text.bytes
  }

  /// `<f4 (1000,)`, or why there is no array.
  private static func typeText(_ number: Int, _ source: Source, _ arrays: RunArrays) throws(ReadError) -> String {
    if let obstacle = arrays.obstacle(to: try arrays.run.keys(of: source)[number]) { return "no array: \(obstacle)" }
    do throws(ReadError) {
      let entry = try arrays.entry(ofKey: number, of: source)
      return entry.shape.isEmpty
        ? entry.element.descriptor : "\(entry.element.descriptor) \(Shape.literal(entry.shape))"
    } catch {
      guard case .damaged(let damage) = error else { throw error }
      return "no array: \(damage)"
    }
  }

  /// `counts.csv`: entries in each train of the run, a column per index group.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func counts(of source: Source, in run: Run) throws(ReadError) -> [UInt8] {
    let groups = try run.groups(of: source)
    var csv = CSV(header: ["train_id"] + (source.kind == .control ? ["count"] : groups))
    var counts: [[Int]] = []
    for group in groups { counts.append(try run.index(ofGroup: group, of: source).counts(trains: run.trainIDs.count)) }
    for (index, train) in run.trainIDs.enumerated() {
      csv.field(number: train)
      for column in counts { csv.field(number: column[index]) }
      csv.endLine()
    }
    return csv.bytes
  }

  /// Tables are for people: more values than this in one belong in an array.
  private static let mostTableCells = 16 << 20

  /// `table.csv`: a column per scalar key that has at most one entry in any train; only trains with data.
  ///
  /// - Throws: ``HDF5/ReadError`` where a value cannot be read: half a table would be taken for a whole one.
  public static func table(of source: Source, in arrays: RunArrays) throws(ReadError) -> [UInt8] {
    let run = arrays.run
    let keys = try run.keys(of: source)
    var table = Table()
    for (number, key) in keys.enumerated() where arrays.isScalar(key) && (source.kind == .instrument || key.isValue) {
      let index = try run.index(ofKey: number, of: source)
      guard index.mostEntries <= 1, index.entries * (table.columns.count + 1) <= mostTableCells,
        try KeyReports.hasValues(number, of: source, in: arrays)
      else { continue }
      let elements = Elements(of: try arrays.array(ofKey: number, of: source))
      table.columns.append(Table.Column(name: key.name, index: index, elements: elements))
    }
    return try table.csv(of: run)
  }

  /// `run.csv`: the properties of a control source at the start of the run. Several values of one property stand in brackets.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func runValues(of source: Source, in run: Run) throws(ReadError) -> [UInt8] {
    var csv = CSV(header: ["key", "value"])
    for value in try run.runValues(of: source) {
      csv.field(value.key)
      csv.field(text(of: value))
      csv.endLine()
    }
    return csv.bytes
  }

  private static func text(of value: RunValue) -> String {
    var elements: [String] = []
    switch value.contents {
    case .unreadable: return ""
    case .strings(let strings): elements = strings.map { String(decoding: $0, as: UTF8.self) }
    case .bytes(let bytes, let datatype):
      guard case .element(let element, _) = Representation(datatype), element.size > 0 else { return "" }
      elements = bytes.withUnsafeBytes { buffer in
        stride(from: 0, to: buffer.count - element.size + 1, by: element.size).map { start in
          var text = Text()
          ElementText.append(
            element, UnsafeRawBufferPointer(rebasing: buffer[start..<(start + element.size)]), to: &text)
          return String(decoding: text.bytes, as: UTF8.self)
        }
      }
    }
    if value.shape.isEmpty, elements.count == 1 { return elements[0] }
    return "[" + elements.joined(separator: ", ") + "]"
  }
}
