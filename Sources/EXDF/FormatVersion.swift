/// A version of the EXDF format, as `METADATA/dataFormatVersion` has it; 0.5 where a file has none (EXDF.md 2.1).
public struct FormatVersion: Hashable, Sendable {
  public var text: String

  public init(_ text: String) { self.text = text }

  /// The first format had no version number.
  public static let unversioned = FormatVersion("0.5")

  /// Sources, timestamps and flags are where 1.0 put them.
  public var isNested: Bool { self != .unversioned }

  /// In 1.1 alone, INDEX/flag is 0 for good trains (EXDF.md 2.4).
  public var hasInvertedFlag: Bool { text == "1.1" }
}
