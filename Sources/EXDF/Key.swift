public import HDF5

/// One quantity of a source, as one file describes it.
public struct Key: Hashable, Sendable {
  /// As EXtra-data writes it: dots between the parts, `.value` and `.timestamp` for a control source.
  public var name: String
  /// The part of the name that INDEX knows: up to the first dot, empty for a control source.
  public var group: String
  /// The path of the dataset in the file.
  public var path: String
  public var datatype: Datatype
  /// Extents of one entry.
  public var entryShape: [Int]
  /// Why it has no rows at all, where it has none: a single value, an extent nobody can hold.
  public var problem: String?

  public var isTimestamp: Bool { name.hasSuffix(".timestamp") }
  public var isValue: Bool { name.hasSuffix(".value") }

  /// - Parameter summary: of a dataset below the source's group.
  init(_ summary: DatasetSummary, of source: Source) {
    // By scalar: a slash and a combining mark behind it are one character to Swift.
    var dotted = String.UnicodeScalarView()
    for scalar in summary.path.unicodeScalars { dotted.append(scalar == "/" ? "." : scalar) }
    name = String(dotted)
    group =
      source.kind == .control ? "" : String(Substring(summary.path.unicodeScalars.prefix { $0 != "/" }))
    path = "\(source.path)/\(summary.path)"
    datatype = summary.datatype
    entryShape = Array(summary.shape.dropFirst())
    problem = summary.problem ?? (summary.shape.isEmpty ? "it is a single value without rows" : nil)
  }

  /// The keys that a file has of a source, sorted by name, and the rows of each; 0 where it has a problem.
  static func list(_ summaries: [DatasetSummary], of source: Source) -> (keys: [Key], rows: [Int]) {
    let listed = summaries.map { (key: Key($0, of: source), rows: $0.shape.first ?? 0) }
      .sorted { $0.key.name.precedes($1.key.name) }
    // 'a/b' and 'a.b' would be one key; the first is the one that EXtra-data reaches.
    var unique: [(key: Key, rows: Int)] = []
    for entry in listed {
      if let last = unique.last, last.key.name == entry.key.name {
        if entry.key.path.utf8.count(where: { $0 == 0x2F }) > last.key.path.utf8.count(where: { $0 == 0x2F }) {
          unique[unique.count - 1] = entry
        }
      } else {
        unique.append(entry)
      }
    }
    return (unique.map(\.key), unique.map { $0.key.problem == nil ? $0.rows : 0 })
  }
}
