import EXDF
import HDF5
import TestRuns
import Testing

/// `karabo_data_map.json`: used where it fits the files, ignored where not.
@Suite struct FilesMapTests {
  /// An entry as EXtra-data writes it, with contents that the file does not have: so it shows who was asked.
  private func entry(_ path: String, name: String = "a.h5", sizeOff: Int64 = 0, timeOff: Double = 0) throws -> String {
    let identity = try #require(FileIdentity(path: path))
    let time = Double(identity.modificationSeconds) + Double(identity.modificationNanoseconds) * 1e-9 + timeOff
    return """
      {"filename": "\(name)", "mtime": \(time), "size": \(identity.size + sizeOff), "train_ids": [7, 0, 8],
       "control_sources": ["FROM/THE/MAP"], "instrument_sources": ["NEW:x", "OLD:x"],
       "legacy_sources": {"OLD:x": "NEW:x"}, "suspect_train_indices": []}
      """
  }

  private func open(_ map: (String) throws -> String) throws -> OpenedRun {
    let directory = try TemporaryDirectory()
    let path = try MadeFile("a.h5", trainIDs: [1], [motor(trains: 1)]).write(into: directory)
    try directory.write("karabo_data_map.json", Array(try map(path).utf8))
    return try OpenedRun(directory)
  }

  @Test func aValidMapIsBelieved() throws {
    let opened = try open { "[\(try entry($0)), {\"filename\": \"gone.h5\"}]" }
    #expect(opened.run.sources.map(\.name) == ["FROM/THE/MAP", "NEW:x", "OLD:x"])
    #expect(opened.run.sources.map(\.legacyTarget) == [nil, nil, "NEW:x"])
    #expect(opened.run.trainIDs == [7, 8])
  }

  /// Python keeps the time as a double.
  @Test func aTimeCloseEnoughIsTheSame() throws {
    #expect(try open { "[\(try entry($0, timeOff: 3e-7))]" }.run.trainIDs == [7, 8])
  }

  @Test(arguments: [1, -1] as [Int64])
  func anotherSizeIsAnotherFile(_ difference: Int64) throws {
    #expect(try open { "[\(try entry($0, sizeOff: difference))]" }.run.trainIDs == [1])
  }

  @Test(arguments: [1.0, -0.001])
  func anotherTimeIsAnotherFile(_ difference: Double) throws {
    #expect(try open { "[\(try entry($0, timeOff: difference))]" }.run.trainIDs == [1])
  }

  @Test func entriesOfOtherFilesDoNotMatter() throws {
    #expect(try open { "[\(try entry($0, name: "b.h5"))]" }.run.trainIDs == [1])
  }

  @Test(arguments: [
    "", "garbage", "{}", "[", "[1, 2]", "null", "[{}]", "[[]]", "[{\"filename\": \"a.h5\", \"size\": \"big\"}]",
    "[{\"filename\": \"a.h5\", \"mtime\": 1e999, \"size\": 1}]",
  ])
  func garbageIsIgnored(_ text: String) throws {
    let opened = try open { _ in text }
    #expect(opened.run.trainIDs == [1] && opened.run.sources.map(\.name) == ["A/MOTOR/1"])
    #expect(opened.reports.all.isEmpty)
  }

  /// 1.3.0 wrote maps without `legacy_sources`: such an entry does not say enough.
  @Test func entriesThatLackSomethingAreIgnored() throws {
    let opened = try open { path in
      "[" + (try entry(path)).replacing("\"legacy_sources\"", with: "\"other\"") + "]"
    }
    #expect(opened.run.trainIDs == [1])
  }

  /// One damaged entry costs that entry.
  @Test func theOthersCount() throws {
    #expect(try open { "[{\"filename\": 5}, \(try entry($0)), 3]" }.run.trainIDs == [7, 8])
  }

  @Test func whatTheMapDoesNotSayIsReadFromTheFile() throws {
    let directory = try TemporaryDirectory()
    let path = try MadeFile(
      "a.h5", version: "1.1", trainIDs: [7, 0, 8], timestamps: [5, 0, 6], flags: [0, 0, 1],
      [
        motor("FROM/THE/MAP", trains: 3)
      ]
    ).write(into: directory)
    try directory.write("karabo_data_map.json", Array("[\(try entry(path))]".utf8))
    let opened = try OpenedRun(directory)
    #expect(opened.run.trainIDs == [7, 8])
    #expect(try opened.run.trainTimes().timestamps == [5, 6])
    #expect(try opened.run.trainTimes().isSuspect == [false, true])
    #expect(
      try opened.places("FROM/THE/MAP", "position.value")
        == [7: OpenedRun.Place("a.h5", 0, 1), 8: OpenedRun.Place("a.h5", 2, 1)])
  }
}
