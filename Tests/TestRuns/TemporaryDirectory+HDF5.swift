public import RawHDF5

extension TemporaryDirectory {
  /// Writes an HDF5 file into it, and returns its path.
  @discardableResult
  public func writeHDF5(_ name: String, _ write: (RawFile) throws -> Void) throws -> String {
    let place = "\(path)/\(name)"
    try write(try RawFile(at: place))
    return place
  }
}
