public import ArrayIO

/// Why the tree has no answer. Becomes an `errno` where the tree meets FUSE, and a sentence on the command line.
public enum TreeError: Error, Sendable, CustomStringConvertible {
  /// There is no such name. `reason` is worth a line in the log: a slice that does not parse or fit.
  case notFound(reason: String?)
  case notADirectory
  case isADirectory
  case notALink
  /// Whoever waited does not any more.
  case interrupted
  /// What lies underneath cannot be read.
  case unreadable(ArrayError)

  public var description: String {
    switch self {
    case .notFound(let reason): reason ?? "No such file or directory"
    case .notADirectory: "Not a directory"
    case .isADirectory: "Is a directory"
    case .notALink: "Not a symbolic link"
    case .interrupted: "Interrupted"
    case .unreadable(let error): error.description
    }
  }
}
