internal import Glibc

/// Where the files of a run are: in one directory or file, or in several that are put together.
public struct RunLocation: Hashable, Sendable {
  /// How several runs become one.
  public enum Combination: Hashable, Sendable {
    /// There is one alone.
    case single
    /// All sources and trains of all of them.
    case union
    /// Whole sources of a later one take the place of those of an earlier one.
    case overlay
  }

  /// Directories or files, as absolute paths.
  public var parts: [String]
  public var combination: Combination

  public init(_ path: String) {
    parts = [path]
    combination = .single
  }

  public init(_ parts: [String], _ combination: Combination) {
    self.parts = parts
    self.combination = parts.count == 1 ? .single : combination
  }
}

/// What a SOURCE on a command line names.
public enum RunSource: Hashable, Sendable {
  case run(RunLocation)
  /// A directory with run directories (`r0001`, ...) in it.
  case runs(directory: String)
  /// A directory with `raw/`, `proc/`, ... in it, which have run directories.
  case proposal(directory: String)

  /// Finds what a text names: a path comes first, then a proposal by its number, and a run of it: `p2012`, `p002012/r42`,
  /// `p2012/r42/proc`, `p2012/r42/all`.
  ///
  /// - Parameter root: where proposals are, as `ROOT/INSTRUMENT/CYCLE/PROPOSAL`.
  /// - Throws: ``EXDFError`` where there is no such thing.
  public init(_ text: String, root: String = ProposalRoot.fromEnvironment) throws(EXDFError) {
    let reason: String
    if let resolved = realpath(text, nil) {
      defer { free(resolved) }
      self = try Self.named(String(cString: resolved))
      return
    } else {
      reason = String(cString: strerror(errno))
    }
    guard let numbered = NumberedRun(text) else { throw .noSuchRun(path: text, reason: reason) }
    guard let proposal = ProposalRoot.find(numbered.proposal, in: root) else {
      throw .noSuchRun(path: text, reason: "\(reason), and there is no proposal \(numbered.proposal) in \(root)")
    }
    self = try numbered.source(in: proposal, text)
  }

  /// The absolute paths of what it names.
  public var paths: [String] {
    switch self {
    case .run(let location): location.parts
    case .runs(let directory), .proposal(let directory): [directory]
    }
  }

  /// What is at an absolute path without links.
  private static func named(_ path: String) throws(EXDFError) -> RunSource {
    guard let entries = DirectoryEntries(path) else {
      if errno == ENOTDIR { return .run(RunLocation(path)) }
      throw .noSuchRun(path: path, reason: String(cString: strerror(errno)))
    }
    if entries.names.contains(where: RunListing.isDataFile) { return .run(RunLocation(path)) }
    if entries.names.contains(where: RunFolder.isRunName) { return .runs(directory: path) }
    if !RunFolder.names(inProposal: path).isEmpty { return .proposal(directory: path) }
    // The run says that it has no files.
    return .run(RunLocation(path))
  }
}

/// Where proposals are.
public enum ProposalRoot {
  /// As EXtra-data finds it.
  public static var fromEnvironment: String {
    getenv("EXTRA_DATA_DATA_ROOT").map { String(cString: $0) } ?? "/gpfs/exfel/exp"
  }

  /// The directory of a proposal such as `p002012`: `ROOT/INSTRUMENT/CYCLE/PROPOSAL`, the first by name.
  static func find(_ proposal: String, in root: String) -> String? {
    for instrument in DirectoryEntries(root)?.names ?? [] {
      for cycle in DirectoryEntries("\(root)/\(instrument)")?.names ?? [] {
        let path = "\(root)/\(instrument)/\(cycle)/\(proposal)"
        guard let resolved = realpath(path, nil) else { continue }
        defer { free(resolved) }
        let directory = String(cString: resolved)
        if DirectoryEntries(directory) != nil { return directory }
      }
    }
    return nil
  }
}

/// A proposal by its number, and a run of it.
private struct NumberedRun {
  /// With six digits: `p002012`.
  var proposal: String
  /// With four digits: `r0042`; nil for the whole proposal.
  var run: String?
  /// A folder of the proposal, or how several are laid over each other.
  var data = "raw"

  init?(_ text: String) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: true)[...]
    guard !text.hasPrefix("/"), let first = parts.popFirst(), let proposal = Self.number(first, prefix: "p", digits: 6)
    else { return nil }
    self.proposal = proposal
    guard let second = parts.popFirst() else { return }
    guard let run = Self.number(second, prefix: "r", digits: 4) else { return nil }
    self.run = run
    if !parts.isEmpty { data = parts.joined(separator: "/") }
  }

  private static func number(_ text: Substring, prefix: Character, digits: Int) -> String? {
    let number = text.first == prefix ? text.dropFirst() : text
    guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let significant = number.drop { $0 == "0" }
    return String(prefix) + String(repeating: "0", count: max(0, digits - significant.count)) + significant
  }

  func source(in proposal: String, _ text: String) throws(EXDFError) -> RunSource {
    guard let run else { return .proposal(directory: proposal) }
    guard let overlay = RunFolder.overlays[data] else {
      let path = "\(proposal)/\(data)/\(run)"
      guard DirectoryEntries(path) != nil else {
        throw .noSuchRun(path: text, reason: "\(path): \(String(cString: strerror(errno)))")
      }
      return .run(RunLocation(path))
    }
    let parts = overlay.map { "\(proposal)/\($0)/\(run)" }.filter { DirectoryEntries($0) != nil }
    guard !parts.isEmpty else {
      throw .noSuchRun(path: text, reason: "\(proposal) has no \(run) in \(overlay.joined(separator: " or "))")
    }
    return .run(RunLocation(parts, .overlay))
  }
}
