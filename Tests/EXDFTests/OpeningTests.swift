import EXDF
import Glibc
import HDF5
import RawHDF5
import TestRuns
import Testing

/// What becomes of files that cannot be used, and of paths that are no run.
@Suite struct OpeningTests {
  private func open(_ path: String) throws(EXDFError) -> Run {
    try Run(path: path, hdf5: HDF5Files(inThisProcess: FileOpener())) { _ in }
  }

  @Test func badFilesCostThemselvesOnly() throws {
    let good = MadeFile("b.h5", trainIDs: [1, 2], [motor(trains: 2)])
    let opened = try OpenedRun([good]) { directory in
      try directory.write("a.h5", Array("not HDF5".utf8))
      let whole = try directory.read("b.h5")
      try directory.write("c.h5", Array(whole[..<(whole.count - 1000)]))
      mkdir("\(directory.path)/d.h5", 0o755)
      symlink("/nowhere/e.h5", "\(directory.path)/e.h5")
      mkfifo("\(directory.path)/f.h5", 0o644)
      // These are not looked at at all.
      try directory.write("overview.h5", [1])
      try directory.write("Overview.h5", [1])
      try directory.write("notes.txt", [1])
    }
    #expect(opened.run.files.map(\.name) == ["b.h5"])
    #expect(opened.run.skippedFiles.map(\.name) == ["a.h5", "c.h5", "d.h5", "e.h5", "f.h5"])
    let reasons = opened.run.skippedFiles.map(\.reason)
    #expect(reasons[0] == "it is not an HDF5 file")
    #expect(reasons[1].contains("truncated"))
    #expect(reasons[2] == "it is not a regular file" && reasons[4] == "it is not a regular file")
    #expect(reasons[3] == "No such file or directory")
    #expect(opened.reports.all.count == 5)
    #expect(opened.run.trainIDs == [1, 2])
  }

  @Test func filesThatLackTheirStructure() throws {
    let directory = try TemporaryDirectory()
    try directory.writeHDF5("a.h5") { try $0.group("METADATA") }
    try directory.writeHDF5("b.h5") {
      try $0.dataset("INDEX/trainId", .uint64, shape: [1], .bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    }
    try directory.writeHDF5("c.h5") {
      try $0.dataset("INDEX/trainId", .uint64, shape: [0], .none)
      try $0.dataset("METADATA/dataFormatVersion", .variableString(), shape: [1], .strings(["1.2"]))
    }
    try directory.writeHDF5("d.h5") {
      try $0.dataset("INDEX/trainId", .float64, shape: [1], .bytes(Array(repeating: 0, count: 8)))
      try $0.dataset("METADATA/dataSourceId", .variableString(), shape: [1], .strings([""]))
    }
    try MadeFile("e.h5", trainIDs: [1], []).write(into: directory)
    #expect(
      try OpenedRun(directory).run.skippedFiles.map(\.reason) == [
        "INDEX/trainId dataset not found", "METADATA/dataSourceId not found",
        "METADATA/dataSources/dataSourceId not found", "it holds no integers",
      ])
  }

  @Test func pathsThatAreNoRun() throws {
    let directory = try TemporaryDirectory()
    let missing = try #require(throws: EXDFError.self) { try open("\(directory.path)/nothing") }
    #expect(missing.description == "cannot open the run \(directory.path)/nothing: No such file or directory")
    let empty = try #require(throws: EXDFError.self) { try open(directory.path) }
    #expect(empty.description == "no HDF5 files (*.h5) in \(directory.path)")
    let foreign = try directory.write("bad.h5", [1, 2, 3])
    for path in [directory.path, foreign] {
      let unusable = try #require(throws: EXDFError.self) { try open(path) }
      #expect(unusable.description.contains("bad.h5: it is not an HDF5 file"))
    }
  }

  @Test func oneFileIsARunToo() throws {
    let directory = try TemporaryDirectory()
    for (name, train) in [("a.h5", 1), ("b.h5", 2)] as [(String, UInt64)] {
      try MadeFile(name, trainIDs: [train], [motor(trains: 1)]).write(into: directory)
    }
    let run = try open("\(directory.path)/b.h5")
    #expect(!run.isDirectory && run.trainIDs == [2] && run.files.map(\.name) == ["b.h5"])
    symlink("\(directory.path)/a.h5", "\(directory.path)/link")
    #expect(try open("\(directory.path)/link").path == "\(directory.path)/a.h5")
    #expect(try open("\(directory.path)/.//").path == directory.path)
  }

  @Test func aFileThatChangesWhileOpenIsAnErrorNotOldData() throws {
    let directory = try TemporaryDirectory()
    let path = try MadeFile("a.h5", trainIDs: [1], [motor(trains: 1)]).write(into: directory)
    let reports = ReportList()
    let files = HDF5Files(inThisProcess: FileOpener())
    let run = try Run(path: directory.path, hdf5: files) { reports.append($0) }
    unlink(path)
    try MadeFile("a.h5", trainIDs: [1, 2], [motor(trains: 2)]).write(into: directory)
    for _ in 0..<2 {
      let error = try #require(throws: ReadError.self) { try run.keys(of: run.sources[0]) }
      #expect(error.description.contains("it changed since the run was opened"))
    }
    #expect(reports.all.isEmpty)
  }
}
