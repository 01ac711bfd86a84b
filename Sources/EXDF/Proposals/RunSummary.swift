public import HDF5

/// What `lsxfel` says of a run in one line: it reads the train ids of one aggregator's files, those of the shortest list.
public struct RunSummary: Hashable, Sendable {
  public var trains: Int
  /// Files of detector modules, and all others.
  public var detectorFiles: Int
  public var otherFiles: Int

  /// - Throws: ``EXDFError`` where the directory cannot be read, has no files, or those of the aggregator cannot be read.
  public init(directory: String, hdf5: HDF5Files) throws(EXDFError) {
    let listing = try RunListing(path: directory)
    let names = listing.names
    let isDetector = { (name: String) in
      FileName(name).map { file in ["AGIPD", "DSSC", "LPD"].contains { file.aggregator.hasPrefix($0) } } ?? false
    }
    detectorFiles = names.count(where: isDetector)
    otherFiles = names.count - detectorFiles
    let lists = Dictionary(grouping: names) { FileName($0)?.aggregator ?? "" }
    let shortest = lists.min { ($0.value.count, $0.key) < ($1.value.count, $1.key) }?.value ?? []
    let opened = try listing.openFiles(hdf5, only: Set(shortest)) { _ in [:] }
    guard !opened.files.isEmpty else {
      throw opened.skipped.first.map { .noUsableFile(directory: directory, first: $0) }
        ?? .noFiles(directory: directory)
    }
    trains = Set(opened.files.flatMap(\.contents.trainIDs)).count
  }
}
