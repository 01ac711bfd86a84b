public import HDF5

/// Why the bytes of an array cannot be had.
public enum ArrayError: Error, Sendable, CustomStringConvertible {
  /// libhdf5, or the description of a dataset, refused.
  case hdf5(HDF5Error)
  /// The operating system refused to read the file.
  case system(file: String, object: String, errno: Int32, reason: String)
  /// What the file says of itself cannot be true.
  case damaged(file: String, object: String, reason: String)

  public var description: String {
    switch self {
    case .hdf5(let error): error.description
    case .system(let file, let object, _, let reason), .damaged(let file, let object, let reason):
      "cannot read \(file): \(object): \(reason)"
    }
  }
}
