/// A place in the tree. Numbers are positions: of a source in the run, of a key in its source, of a train in the run.
///
/// A node is made from its parts and taken apart again; none is stored, so a tree of a million files costs nothing until it is
/// read, and the same path is the same node for the life of the mount.
public enum Node: Hashable, Sendable {
  case root
  case rootFile(RootFile)
  /// `files/`, and the links in it.
  case files
  case fileLink(Int)
  /// The validation of one file in `files/`; not listed.
  case fileReport(Int)
  /// `sources/`, and the directories that the slashes of source names make.
  case sources
  case sourcePath(Int)
  /// A source's directory; a link for a legacy name.
  case source(Int)
  case sourceFile(Int, SourceFile)
  case keys(Int)
  case key(source: Int, key: Int)
  case keyFile(source: Int, key: Int, KeyFile)
  case keyTrains(source: Int, key: Int)
  case keyTrain(source: Int, key: Int, train: Int)
  /// `trains/`, a train, and the sources in it by the same directories.
  case trains
  case train(Int)
  case trainPath(train: Int, path: Int)
  case trainSource(train: Int, source: Int)
  case trainKey(train: Int, source: Int, key: Int)
  /// `detectors/` and what is below it.
  case detector(DetectorNode)
  /// `export/` and what is in it.
  case export(ExportNode)
  /// A name that is not listed but opens; the number is one of ``SliceTable``.
  case slice(UInt64)
}

public enum RootFile: UInt8, CaseIterable, Sendable {
  case readMe, infoText, infoJSON, trains, sources, keys, trainIDs
  case validationText, validationJSON, localityText, localityJSON

  /// Those that may need any file of the run.
  static let made: [RootFile] = [.readMe, .infoText, .infoJSON, .trains, .sources, .keys]

  var name: String {
    switch self {
    case .readMe: "README.txt"
    case .infoText: "info.txt"
    case .infoJSON: "info.json"
    case .trains: "trains.csv"
    case .sources: "sources.csv"
    case .keys: "keys.csv"
    case .trainIDs: "train_ids.npy"
    case .validationText: "validation.txt"
    case .validationJSON: "validation.json"
    case .localityText: "locality.txt"
    case .localityJSON: "locality.json"
    }
  }
}

public enum SourceFile: UInt8, CaseIterable, Sendable {
  case info, counts, table, runValues

  var name: String {
    switch self {
    case .info: "info.txt"
    case .counts: "counts.csv"
    case .table: "table.csv"
    case .runValues: "run.csv"
    }
  }
}

public enum KeyFile: UInt8, CaseIterable, Sendable {
  case info, array, trainIDs, counts, values

  var name: String {
    switch self {
    case .info: "info.txt"
    case .array: "array.npy"
    case .trainIDs: "train_ids.npy"
    case .counts: "counts.csv"
    case .values: "values.csv"
    }
  }
}
