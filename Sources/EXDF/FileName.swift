/// What the name of a file says: `RAW-R0238-AGIPD07-S00001.h5` (EXDF.md 2.7).
public struct FileName: Hashable, Sendable {
  /// `RAW`, `CORR`.
  public var category: String
  public var run: Int
  /// The data aggregator that wrote it, such as `DA01` or `AGIPD07`.
  public var aggregator: String

  /// As EXtra-data's `([A-Z]+)-R(\d{4})-(\w+)(?:-S(\d{5}))?.h5`, from the start of the name.
  public init?(_ name: String) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 3, !parts[0].isEmpty, parts[0].utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
      parts[1].first == "R", parts[1].count == 5, let run = Int(parts[1].dropFirst())
    else { return nil }
    // `\w+` ends at the next "-" or at the "." of the ending.
    let aggregator = parts[2].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard !aggregator.isEmpty else { return nil }
    category = String(parts[0])
    self.run = run
    self.aggregator = String(aggregator)
  }
}
