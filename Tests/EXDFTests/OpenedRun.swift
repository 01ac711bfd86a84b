import EXDF
import HDF5
import TestRuns
import Testing

/// A run of made files in a directory of its own, open.
struct OpenedRun {
  let directory: TemporaryDirectory
  let run: Run
  let reports: ReportList

  init(_ files: [MadeFile], beside: (TemporaryDirectory) throws -> Void = { _ in }) throws {
    let directory = try TemporaryDirectory()
    for file in files { try file.write(into: directory) }
    try beside(directory)
    try self.init(directory)
  }

  init(_ directory: TemporaryDirectory) throws {
    self.directory = directory
    let reports = ReportList()
    self.reports = reports
    run = try Run(path: directory.path, hdf5: HDF5Files(inThisProcess: FileOpener())) { reports.append($0) }
  }

  /// Where a train's rows are.
  struct Place: Equatable, CustomStringConvertible {
    var file: String
    var row: Int
    var rows: Int
    init(_ file: String, _ row: Int, _ rows: Int) {
      self.file = file
      self.row = row
      self.rows = rows
    }
    var description: String { "\(file)[\(row)..<\(row + rows)]" }
  }

  /// Where the rows of each train of a key are, by train id; only trains with data.
  func places(_ source: String, _ key: String) throws -> [UInt64: Place] {
    let source = try #require(run.source(named: source))
    let number = try #require(run.keys(of: source).firstIndex { $0.name == key })
    let index = try run.index(ofKey: number, of: source)
    var places: [UInt64: Place] = [:]
    for (position, train) in run.trainIDs.enumerated() {
      guard let location = index.location(ofTrain: position) else { continue }
      places[train] = Place(run.files[location.file].name, location.firstRow, location.rows)
    }
    return places
  }

  func keyNames(_ source: String) throws -> [String] {
    try run.keys(of: try #require(run.source(named: source))).map(\.name)
  }

  func counts(_ source: String, group: String = "") throws -> [Int] {
    try run.index(ofGroup: group, of: try #require(run.source(named: source))).counts(trains: run.trainIDs.count)
  }
}

/// An instrument source of one group `data` with one key `x`, as many rows as the counts add up to unless told otherwise.
func camera(_ name: String = "A/CAM/1:out", counts: [UInt64], firsts: [UInt64]? = nil, rows: Int? = nil) -> MadeSource {
  let total = rows ?? Int(counts.reduce(0, +))
  let key = MadeKey("data/x", (0..<total).map { Int32($0) })
  let group =
    firsts.map { MadeGroup("data", firsts: $0, counts: counts, [key]) } ?? MadeGroup("data", counts: counts, [key])
  return .instrument(name, [group])
}

/// A control source with one property, one row for each train.
func motor(_ name: String = "A/MOTOR/1", trains: Int, run: [MadeKey]? = []) -> MadeSource {
  .control(name, .property("position", (0..<trains).map { Float($0) }), index: .everyTrain(trains), run: run)
}
