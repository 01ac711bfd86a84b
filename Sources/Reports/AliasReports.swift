public import EXDF
public import HDF5

/// The text in `aliases/`.
public enum AliasReports {
  /// `README.txt`: where the names come from, and which of them lead to nothing in this run.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public static func readMe(for run: Run) throws(ReadError) -> [UInt8] {
    var text = Text()
    let aliases = run.aliases
    if aliases.paths.isEmpty {
      text.append(line: "This run has no aliases: there is no alias file that could be read.")
    } else {
      text.append(
        line: "Names that the beamline gives to sources and keys of this run, as links to them. They come from:")
      for path in aliases.paths { text.append(line: "  \(path)") }
    }
    for problem in aliases.problems { text.append(line: problem) }
    var missing: [String] = []
    for name in aliases.names {
      guard let target = aliases[name] else { continue }
      if try !run.has(target) { missing.append(name) }
    }
    guard !missing.isEmpty else { return text.bytes }
    text.append(line: "")
    text.append(line: "Not in this run:")
    for name in missing {
      guard let target = aliases[name] else { continue }
      text.append(line: "  \(name): \(target.source)" + (target.key.map { " \($0)" } ?? ""))
    }
    return text.bytes
  }
}

extension Run {
  /// Whether the run has what an alias stands for.
  fileprivate func has(_ target: Aliases.Target) throws(ReadError) -> Bool {
    guard let source = source(named: target.source) else { return false }
    guard let key = target.key else { return true }
    return try keys(of: source).contains { $0.name == key || $0.name == "\(key).value" }
  }
}
