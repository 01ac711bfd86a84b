import EXDF
import RawHDF5
import TestRuns
import Testing

/// Which rows hold which train, in files right and wrong.
@Suite struct IndexTests {
  typealias Place = OpenedRun.Place
  private let source = "A/CAM/1:out"

  @Test func paddingIsNoData() throws {
    var file = MadeFile("a.h5", trainIDs: [1, 2], [camera(counts: [1, 2], rows: 64)])
    file.padding = 30
    let opened = try OpenedRun([file])
    #expect(opened.run.trainIDs == [1, 2])
    #expect(try opened.places(source, "data.x") == [1: Place("a.h5", 0, 1), 2: Place("a.h5", 1, 2)])
  }

  /// EXtra-data drops the zeros first, and takes each later row for its predecessor's; here each row keeps its place.
  @Test func zerosInTheMiddleShiftNothing() throws {
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [10, 0, 12, 0, 0, 13], [camera(counts: [1, 9, 2, 0, 9, 3], rows: 24)])
    ])
    #expect(opened.run.trainIDs == [10, 12, 13])
    #expect(
      try opened.places(source, "data.x")
        == [10: Place("a.h5", 0, 1), 12: Place("a.h5", 10, 2), 13: Place("a.h5", 21, 3)])
  }

  @Test func groupsCountForThemselves() throws {
    let header = MadeGroup("header", counts: [1, 0, 1], [MadeKey("header/n", [UInt8(1), 2])])
    let image = MadeGroup("image", counts: [3, 0, 2], [MadeKey("image/n", [UInt8(1), 2, 3, 4, 5])])
    let keyless = MadeGroup("trailer", counts: [1, 1, 1])
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1, 2, 3], [.instrument("D:x", [image, header, keyless])])])
    let detector = try #require(opened.run.source(named: "D:x"))
    #expect(try opened.run.groups(of: detector) == ["header", "image", "trailer"])
    #expect(try opened.counts("D:x", group: "header") == [1, 0, 1])
    #expect(try opened.counts("D:x", group: "image") == [3, 0, 2])
    #expect(try opened.counts("D:x", group: "trailer") == [0, 0, 0])
    #expect(try opened.run.trainsWithData(of: detector) == 2)
  }

  /// Files are taken in order of name, trains in order of id, whatever comes first in time.
  @Test func sequencesInAnyOrder() throws {
    let opened = try OpenedRun([
      MadeFile("RAW-R0001-DA01-S00001.h5", trainIDs: [1, 2], [camera(counts: [1, 1])]),
      MadeFile("RAW-R0001-DA01-S00000.h5", trainIDs: [5, 6], [camera(counts: [2, 1])]),
      MadeFile("RAW-R0001-DA02-S00000.h5", trainIDs: [1, 2, 5, 6, 7], [motor(trains: 5)]),
    ])
    #expect(
      opened.run.files.map(\.name).map { $0.dropFirst(10) } == ["DA01-S00000.h5", "DA01-S00001.h5", "DA02-S00000.h5"])
    #expect(try opened.counts(source, group: "data") == [1, 1, 2, 1, 0])
    #expect(try opened.places(source, "data.x")[5] == Place("RAW-R0001-DA01-S00000.h5", 0, 2))
    #expect(try #require(opened.run.source(named: source)).files == [0, 1])
  }

  @Test func ofATrainInTwoFilesTheFirstByNameCounts() throws {
    let opened = try OpenedRun([
      MadeFile("b.h5", trainIDs: [1, 2, 3], [camera(counts: [1, 1, 1])]),
      MadeFile("a.h5", trainIDs: [2, 4], [camera(counts: [5, 5])]),
    ])
    #expect(
      try opened.places(source, "data.x") == [
        1: Place("b.h5", 0, 1), 2: Place("a.h5", 0, 5), 3: Place("b.h5", 2, 1), 4: Place("a.h5", 5, 5),
      ])
  }

  @Test func ofATrainTwiceInAFileTheFirstRowCounts() throws {
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [3, 1, 3, 2, 1, 4], [camera(counts: [1, 1, 2, 2, 3, 3])])])
    #expect(
      try opened.places(source, "data.x") == [
        1: Place("a.h5", 1, 1), 2: Place("a.h5", 4, 2), 3: Place("a.h5", 0, 1), 4: Place("a.h5", 9, 3),
      ])
  }

  @Test func whatPointsPastTheDataIsNoData() throws {
    // Six rows: the third train has only half of its data, the last has wild numbers.
    let opened = try OpenedRun([
      MadeFile(
        "a.h5", trainIDs: [1, 2, 3, 4, 5, 6],
        [
          camera(counts: [2, 2, 3, 1, .max, 1], firsts: [0, 2, 4, 5, 0, .max], rows: 6)
        ])
    ])
    #expect(
      try opened.places(source, "data.x") == [1: Place("a.h5", 0, 2), 2: Place("a.h5", 2, 2), 4: Place("a.h5", 5, 1)])
    #expect(try opened.counts(source, group: "data") == [2, 2, 0, 1, 0, 0])
  }

  /// Keys of one group can be of different length.
  @Test func eachKeyIsLimitedByItself() throws {
    let group = MadeGroup(
      "data", counts: [1, 1, 1], [MadeKey("data/long", [UInt8(1), 2, 3]), MadeKey("data/short", [UInt8(1)])])
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1, 2, 3], [.instrument(source, [group])])])
    #expect(try opened.places(source, "data.long").count == 3)
    #expect(try opened.places(source, "data.short") == [1: Place("a.h5", 0, 1)])
    #expect(try opened.counts(source, group: "data") == [1, 1, 1])
  }

  @Test func gapsOverlapsAndBackwardRowsAreTakenAsTheyAre() throws {
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [1, 2, 3], [camera(counts: [1, 2, 2], firsts: [8, 0, 1], rows: 10)])
    ])
    #expect(
      try opened.places(source, "data.x")
        == [1: Place("a.h5", 8, 1), 2: Place("a.h5", 0, 2), 3: Place("a.h5", 1, 2)])
  }

  @Test func shortIndexesHaveNoDataForTheRest() throws {
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1, 2, 3], [camera(counts: [1, 1])])])
    #expect(try opened.counts(source, group: "data") == [1, 1, 0])
  }

  @Test func aMissingIndexCostsThatFileOnly() throws {
    var broken = camera(counts: [1, 1])
    broken.groups[0].style = .missing
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [1, 2], [broken]), MadeFile("b.h5", trainIDs: [3], [camera(counts: [1])]),
    ])
    #expect(try opened.places(source, "data.x") == [3: Place("b.h5", 0, 1)])
    #expect(opened.reports.contain("a.h5") && opened.reports.contain("left out"))
  }

  @Test func aKeyThatAFileLacksOrHasOtherwise() throws {
    func file(_ name: String, _ train: UInt64, _ key: MadeKey?) -> MadeFile {
      let keys = [MadeKey("data/other", [UInt8(0)])] + (key.map { [$0] } ?? [])
      return MadeFile(name, trainIDs: [train], [.instrument(source, [MadeGroup("data", counts: [1], keys)])])
    }
    let opened = try OpenedRun([
      file("a.h5", 1, MadeKey("data/x", [Int32(5)])), file("b.h5", 2, nil),
      file("c.h5", 3, MadeKey("data/x", ["text"])),
      file("d.h5", 4, MadeKey("data/x", [Int32(5), 6], entry: [2])), file("e.h5", 5, MadeKey("data/x", [Int64(7)])),
    ])
    // Numbers become one that holds both; text and other shapes cannot.
    #expect(try opened.places(source, "data.x").keys.sorted() == [1, 5])
    #expect(try opened.places(source, "data.other").keys.sorted() == [1, 2, 3, 4, 5])
    #expect(opened.reports.contain("b.h5: INSTRUMENT/\(source)/data/x is missing"))
    #expect(opened.reports.contain("c.h5: INSTRUMENT/\(source)/data/x has entries of dtype"))
    #expect(opened.reports.contain("d.h5: INSTRUMENT/\(source)/data/x has entries of dtype <i4, shape (2)"))
    #expect(opened.reports.contain("a.h5: INSTRUMENT/\(source)/data/x holds <i4; it is read as <i8, exactly"))
  }

  @Test func controlIndexesCanBeEmpty() throws {
    let keys = [MadeKey("gauge/value", [Float]()), MadeKey("gauge/timestamp", [UInt64]())]
    let opened = try OpenedRun([
      // No data and an index that says so; no data and an index that lies (issue #187 of EXtra-data).
      MadeFile(
        "a.h5", trainIDs: [1, 2],
        [
          .control("A/GAUGE/1", keys, index: MadeGroup("", firsts: [0, 0], counts: [0, 0])),
          .control("A/GAUGE/2", keys, index: .everyTrain(2)),
        ])
    ])
    #expect(try opened.counts("A/GAUGE/1") == [0, 0])
    #expect(try opened.counts("A/GAUGE/2") == [0, 0])
    #expect(try opened.places("A/GAUGE/2", "gauge.value").isEmpty)
  }
}
