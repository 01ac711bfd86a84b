/// Which keys of which sources: two globs, as `run.select(source, key)` takes them.
public struct SourcePattern: Hashable, Sendable, CustomStringConvertible {
  public var source: Glob
  /// `*` for all keys, and for sources without any.
  public var key: Glob
  /// The name of an alias, in place of the globs.
  public var alias: String?

  public init(source: String, key: String = "*") {
    self.source = Glob(source)
    self.key = Glob(key)
  }

  /// `SRC`, `SRC,KEY` or `=alias`, as on the command line and in the names of directories.
  public init(_ text: String) {
    let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
    self.init(source: String(parts.first ?? ""), key: parts.count > 1 ? String(parts[1]) : "*")
    if text.hasPrefix("=") { alias = String(text.dropFirst()) }
  }

  public var description: String {
    if let alias { return "=\(alias)" }
    return key.description == "*" ? source.description : "\(source),\(key)"
  }

  /// Whether it means whole sources.
  var isWhole: Bool { key.description == "*" }

  /// The glob for the keys of a source. Of a control source `.value` may be left out, unless the glob ends in `*`
  /// (SELECTION.md, 2.1); a `.timestamp` that is asked for is found, which EXtra-data does not do.
  func keyGlob(for kind: SourceKind) -> Glob {
    let text = key.description
    guard kind == .control, !text.hasSuffix("*"), !text.hasSuffix(".value"), !text.hasSuffix(".timestamp") else {
      return key
    }
    return Glob(text + ".value")
  }
}
