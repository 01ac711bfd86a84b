public import HDF5

/// What is wanted of a run: the words of the command line, and of the names in `select/`. A value; nothing of the run is looked at.
///
/// Its parts apply in the order of a sentence: files, then trains, then sources and keys, then what is required.
public struct Selection: Hashable, Sendable {
  /// In which trains the selected sources have to have data.
  public enum Requirement: String, Hashable, Sendable {
    /// In all of them.
    case all
    /// In at least one.
    case any
  }

  public var isWithoutSuspect = false
  public var trains: [TrainSelection] = []
  /// Empty for everything.
  public var select: [SourcePattern] = []
  public var deselect: [SourcePattern] = []
  public var requirement: Requirement?

  public init() {}

  public var isEverything: Bool { self == Selection() }

  /// What a directory below `select/` or `aligned/` is called: `SRC[,KEY][+SRC[,KEY]...][@TRAINS]` (TREE.md, "Selections").
  /// - Throws: ``SelectionError/invalid(_:reason:)`` where the name does not parse.
  public init(name: String) throws(SelectionError) {
    let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let patterns = parts[0].split(separator: "+", omittingEmptySubsequences: false)
    guard patterns.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(",") }) || (patterns == [""] && parts.count > 1) else {
      throw .invalid(name, reason: "a name of a source is missing in it")
    }
    select = patterns == [""] ? [] : patterns.map { SourcePattern(String($0)) }
    guard parts.count > 1 else { return }
    do throws(TrainSelection.Invalid) {
      trains = [try TrainSelection(name: String(parts[1]))]
    } catch {
      throw .invalid(name, reason: error.description)
    }
  }
}

/// Why there is no such selection.
public enum SelectionError: Error, Sendable, CustomStringConvertible {
  case invalid(String, reason: String)
  /// A pattern that matches nothing, and what it may have meant.
  case noMatch(SourcePattern, suggestion: String?)
  case unknownAlias(String, suggestion: String?)
  /// The run cannot be read.
  case read(ReadError)

  public var description: String {
    func hint(_ suggestion: String?) -> String { suggestion.map { "; did you mean '\($0)'?" } ?? "" }
    switch self {
    case .invalid(let name, let reason): return "'\(name)' is no selection: \(reason)"
    case .noMatch(let pattern, let suggestion):
      return "nothing in the run matches '\(pattern)'\(hint(suggestion))"
    case .unknownAlias(let name, let suggestion): return "the run has no alias '\(name)'\(hint(suggestion))"
    case .read(let error): return error.description
    }
  }
}
