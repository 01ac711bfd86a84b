/// Names that the beamline gives to sources and keys (SELECTION.md, 1.4).
public struct Aliases: Hashable, Sendable {
  /// What a name stands for.
  public struct Target: Hashable, Sendable {
    public var source: String
    /// nil for the whole source.
    public var key: String?

    public init(source: String, key: String? = nil) {
      self.source = source
      self.key = key
    }
  }

  /// By name as it is compared: lower case, `-` for `_`.
  public private(set) var targets: [String: Target] = [:]
  /// The files that they were read from.
  public var paths: [String] = []
  /// What is wrong with a file that was not read, one sentence each.
  public var problems: [String] = []

  public init() {}

  /// Sorted.
  public var names: [String] { targets.keys.sorted { $0.precedes($1) } }

  /// As names are compared.
  public static func canonical(_ name: String) -> String {
    name.lowercased().split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
  }

  public subscript(name: String) -> Target? { targets[Self.canonical(name)] }

  /// Adds a name.
  /// - Returns: false where it stands for something else already.
  public mutating func add(_ name: String, _ target: Target) -> Bool {
    let name = Self.canonical(name)
    if let known = targets[name] { return known == target }
    targets[name] = target
    return true
  }
}
