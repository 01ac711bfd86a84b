/// What the name of a file says: `RAW-R0238-AGIPD07-S00001.h5` (EXDF.md 2.7).
public struct FileName: Hashable, Sendable {
  /// `RAW`, `CORR`.
  public var category: String
  public var run: Int
  /// The data aggregator that wrote it, such as `DA01` or `AGIPD07`.
  public var aggregator: String

  /// As EXtra-data's `([A-Z]+)-R(\d{4})-(\w+)(?:-S(\d{5}))?.h5`, from the start of the name.
  public init?(_ name: String) {
    let parts = name.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
      parts[1].first == "R", let run = Self.number(parts[1].dropFirst(), digits: 4)
    else { return nil }
    // `\w+` ends at the next "-" or at the "." of the ending.
    let aggregator = parts[2].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard !aggregator.isEmpty, Self.isEnding(parts[2][aggregator.endIndex...]) else { return nil }
    category = String(parts[0])
    self.run = run
    self.aggregator = String(aggregator)
  }

  /// Digits alone: `Int.init` would take a sign as well.
  private static func number(_ text: Substring, digits: Int) -> Int? {
    text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }

  /// The sequence number, where there is one, and then the `.h5`.
  private static func isEnding(_ text: Substring) -> Bool {
    let hasSequence = text.hasPrefix("-S") && number(text.dropFirst(2).prefix(5), digits: 5) != nil
    return text.dropFirst(hasSequence ? 7 : 0).dropFirst().hasPrefix("h5")
  }
}
