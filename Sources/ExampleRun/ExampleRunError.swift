/// Why the example run could not be written. Nothing of it is left behind when one of these is thrown.
public enum ExampleRunError: Error, Equatable, Sendable {
  /// There is something in the directory already.
  case notEmpty(directory: String)
  /// A directory or file could not be made, written or moved; `reason` is the system's.
  case system(path: String, doing: String, reason: String)
  /// libhdf5 refused; `object` is the path inside `file`, `reason` the innermost entry of the library's error stack.
  case hdf5(file: String, object: String, reason: String)
}

extension ExampleRunError: CustomStringConvertible {
  /// One sentence, as the command prints it.
  public var description: String {
    switch self {
    case .notEmpty(let directory): "\(directory) is not empty: the example run wants a directory of its own"
    case .system(let path, let doing, let reason): "cannot \(doing) \(path): \(reason)"
    case .hdf5(let file, let object, let reason): "cannot write \(object) in \(file): \(reason)"
    }
  }
}
