public import HDF5

/// Why a run cannot be opened.
public enum EXDFError: Error, Sendable, CustomStringConvertible {
  case noSuchRun(path: String, reason: String)
  case noFiles(directory: String)
  /// None of the files is called as was asked for.
  case nothingIncluded(directory: String, pattern: String)
  case noUsableFile(directory: String, first: SkippedFile)
  /// A file cannot be read now, and without it the run would not be the run.
  case unreadableNow(PassingError)
  /// What was selected of the run is not there.
  case selection(SelectionError)
  /// The alias file that was named cannot be used.
  case aliases(String)
  /// More of something than the tree can number.
  case tooLarge(path: String, what: String)

  public var description: String {
    switch self {
    case .noSuchRun(let path, let reason): "cannot open the run \(path): \(reason)"
    case .noFiles(let directory): "no HDF5 files (*.h5) in \(directory)"
    case .nothingIncluded(let directory, let pattern): "none of the HDF5 files in \(directory) matches '\(pattern)'"
    case .noUsableFile(let directory, let first):
      "none of the HDF5 files in \(directory) can be used; the first, \(first.name): \(first.reason)"
    case .unreadableNow(let error): "\(error); try again when the file can be read"
    case .selection(let error): error.description
    case .aliases(let reason): reason
    case .tooLarge(let path, let what): "\(path): \(what)"
    }
  }
}

/// A file of the run that is left out, and why.
public struct SkippedFile: Hashable, Sendable {
  public var name: String
  public var path: String
  public var reason: String
}
