public import EXDF
public import HDF5

/// Why the tree has no answer. Becomes an `errno` where the tree meets FUSE, and a sentence on the command line.
public enum TreeError: Error, Sendable, CustomStringConvertible {
  /// There is no such name. `reason` is worth a line in the log: a slice that does not parse or fit.
  case notFound(reason: String?)
  case notADirectory
  case isADirectory
  case notALink
  /// The answer needs a file, and this thread must not wait for one (``Threads/Request/mayWait``).
  case mustWait
  /// The caller was interrupted while it waited.
  case interrupted
  /// What lies underneath cannot be read.
  case unreadable(ReadError)
  /// A run cannot be opened, of a tree that has more than one.
  case cannotOpen(EXDFError)

  public var description: String {
    switch self {
    case .notFound(let reason): reason ?? "No such file or directory"
    case .notADirectory: "Not a directory"
    case .isADirectory: "Is a directory"
    case .notALink: "Not a symbolic link"
    case .mustWait: "It has to be waited for"
    case .interrupted: "Interrupted"
    case .unreadable(let error): error.description
    case .cannotOpen(let error): error.description
    }
  }
}

extension TreeError {
  public init(_ error: ReadError) {
    if case .passing(let passing) = error, passing.cause == .mustWait {
      self = .mustWait
    } else if case .passing(let passing) = error, passing.cause == .interrupted {
      self = .interrupted
    } else {
      self = .unreadable(error)
    }
  }
}

/// Has something read, as an answer of the tree.
func reading<R>(_ body: () throws(ReadError) -> R) throws(TreeError) -> R {
  do throws(ReadError) {
    return try body()
  } catch {
    throw TreeError(error)
  }
}
