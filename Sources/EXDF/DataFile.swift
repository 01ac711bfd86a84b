public import HDF5
internal import Synchronization

/// One HDF5 file of a run: what METADATA and INDEX say of it.
///
/// Sources and train ids are known when the run is open; the rest is read when asked for.
public final class DataFile: Sendable {
  /// Its name in the run directory.
  public let name: String
  public let reference: FileReference
  /// The name's parts, where it has the usual form.
  public let fileName: FileName?
  public let contents: FileContents

  let cache = Mutex(Cache())

  struct Cache {
    var version: FormatVersion?
    var rows: TrainRows?
    var columns: Result<IndexColumns, HDF5Error>?
    /// What it says of sources that were asked for.
    var facts: [SourceID: FileFacts] = [:]
  }

  init(name: String, reference: FileReference, contents: FileContents, version: FormatVersion?, rows: TrainRows?) {
    self.name = name
    self.reference = reference
    fileName = FileName(name)
    self.contents = contents
    cache.withLock {
      $0.version = version
      $0.rows = rows
    }
  }

  public var aggregator: String { fileName?.aggregator ?? "" }
}

/// What has to be known of a file before the run can be listed: also what `karabo_data_map.json` keeps.
public struct FileContents: Hashable, Sendable {
  /// Without zeros, in the order of the file.
  public var trainIDs: [UInt64]
  public var controlSources: [String]
  public var instrumentSources: [String]
  /// Old names that are soft links, and the sources they stand for.
  public var legacySources: [String: String]
}

/// The rows of a file's INDEX: which train each of them is.
///
/// Zeros in INDEX/trainId are padding, but each row is taken at its own position whether zeros lie between or not (EXtra-data
/// drops them first, and so shifts what follows; TREE.md, "Where the files themselves are wrong").
public struct TrainRows: Hashable, Sendable {
  /// One per row, 0 where there is none. Without the zeros at the end.
  public var trainIDs: [UInt64]

  init(_ raw: [UInt64]) {
    let end = raw.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    trainIDs = Array(raw[..<end])
  }
}
