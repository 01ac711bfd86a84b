/// Where questions about files are answered.
///
/// There are two: worker processes, which a damaged file may take down, and this process, for tests of what lies above.
protocol HDF5Service: Sendable {
  /// The bytes of the answers to a request.
  ///
  /// - Parameter open: opens what libhdf5 wants to open on behalf of the request.
  /// - Throws: ``PassingError``.
  /// - Returns: the answers; or what is wrong with the file where it took the process down.
  func answers(
    to request: FileServer.Request, open: @escaping @Sendable (String) -> Result<IdentifiedFile, PassingError>
  ) throws(PassingError) -> Result<[UInt8], HDF5Error>
}
