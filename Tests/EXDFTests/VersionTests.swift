import RawHDF5
import TestRuns
import Testing

@testable import EXDF

/// What differs between the versions of the format (EXDF.md 2.1).
@Suite struct VersionTests {
  @Test(arguments: [nil, "1.0", "1.1", "1.2", "1.3"])
  func sourcesTrainsAndIndexAreFound(_ version: String?) throws {
    var file = MadeFile(
      "RAW-R0001-DA01-S00000.h5", version: version, trainIDs: [10, 11, 12],
      [
        motor(trains: 3), camera(counts: [2, 0, 1]),
      ])
    file.padding = 5
    file.identifiers = ["Karabo_TimerServer"]
    let opened = try OpenedRun([file])
    #expect(opened.run.trainIDs == [10, 11, 12])
    #expect(opened.run.sources.map(\.name) == ["A/CAM/1:out", "A/MOTOR/1"])
    #expect(opened.run.sources.map(\.kind) == [.instrument, .control])
    #expect(try opened.keyNames("A/MOTOR/1") == ["position.timestamp", "position.value"])
    #expect(try opened.keyNames("A/CAM/1:out") == ["data.x"])
    #expect(try opened.counts("A/CAM/1:out", group: "data") == [2, 0, 1])
    #expect(try opened.counts("A/MOTOR/1") == [1, 1, 1])
    #expect(opened.reports.all.isEmpty)
  }

  /// 0.1 had `first`, `last` and `status`; told apart by what is there, not by the version.
  @Test(arguments: [nil, "1.2"])
  func lastAndStatusInPlaceOfCount(_ version: String?) throws {
    var source = camera(counts: [2, 0, 3])
    source.groups[0].style = .last
    let opened = try OpenedRun([MadeFile("a.h5", version: version, trainIDs: [7, 8, 9], [source])])
    #expect(
      try opened.places("A/CAM/1:out", "data.x")
        == [7: OpenedRun.Place("a.h5", 0, 2), 9: OpenedRun.Place("a.h5", 2, 3)])
  }

  @Test func bothStylesInOneFile() throws {
    var old = MadeGroup("header", counts: [1, 1], [MadeKey("header/n", [UInt8(1), 2])])
    old.style = .last
    let new = MadeGroup("image", counts: [2, 1], [MadeKey("image/n", [UInt8(1), 2, 3])])
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1, 2], [.instrument("D:x", [old, new])])])
    #expect(try opened.counts("D:x", group: "header") == [1, 1])
    #expect(try opened.counts("D:x", group: "image") == [2, 1])
  }

  @Test func sourcesAreReadFromTheirRows() throws {
    var file = MadeFile("a.h5", trainIDs: [1], [])
    file.identifiers = [
      "CONTROL/A/B/C", "INSTRUMENT/A/B/C:out/data", "INSTRUMENT/A/B/C:out/image", "INSTRUMENT/X/Y/Z:channel_3.output/d",
      "", "Karabo_TimerServer", "CONTROL/Ä/ö/ü",
    ]
    let opened = try OpenedRun([file])
    #expect(opened.run.sources.map(\.name) == ["A/B/C", "A/B/C:out", "X/Y/Z:channel_3.output", "Ä/ö/ü"])
    // None of them has a group in the file: known by name, but empty.
    for source in opened.run.sources { #expect(try opened.run.keys(of: source).isEmpty) }
    #expect(opened.reports.contain("but has no CONTROL/A/B/C"))
  }

  @Test func unknownCategoriesRefuseTheFile() throws {
    var bogus = MadeFile("b.h5", trainIDs: [2], [])
    bogus.identifiers = ["BOGUS/A/B"]
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1], [motor(trains: 1)]), bogus])
    #expect(opened.run.skippedFiles.map(\.reason) == ["Unknown data category 'BOGUS'"])
    #expect(opened.run.trainIDs == [1])
  }

  @Test func versionsAreRead() {
    #expect(!FormatVersion("0.5").isNested && FormatVersion("1.0").isNested)
    #expect(
      ["0.5", "1.0", "1.1", "1.2", "1.3"].map { FormatVersion($0).hasInvertedFlag } == [
        false, false, true, false, false,
      ])
    #expect(FormatVersion.unversioned.text == "0.5")
  }

  @Test func metadataIsListed() throws {
    let new = try OpenedRun([MadeFile("a.h5", version: "1.2", trainIDs: [1], [])])
    #expect(
      try new.run.metadata() == [
        MetadataValue(name: "creationDate", contents: .text("20261122T150938Z")),
        MetadataValue(name: "dataFormatVersion", contents: .text("1.2")),
        MetadataValue(name: "runNumber", contents: .number(42)),
      ])
    let old = try OpenedRun([MadeFile("a.h5", version: nil, trainIDs: [1], [])])
    #expect(try old.run.metadata() == [MetadataValue(name: "dataFormatVersion", contents: .text("0.5"))])
  }
}
