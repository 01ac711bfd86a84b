import EXDF
import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct SourceTests {
  @Test func legacyNamesAreLinks() throws {
    var file = MadeFile("a.h5", trainIDs: [1, 2], [camera("D/CORR/0CH0:output", counts: [1, 2])])
    file.legacy = [("D/DET/0CH0:xtdf", "D/CORR/0CH0:output")]
    let opened = try OpenedRun([file])
    #expect(opened.run.sources.map(\.name) == ["D/CORR/0CH0:output", "D/DET/0CH0:xtdf"])
    #expect(opened.run.sources.map(\.legacyTarget) == [nil, "D/CORR/0CH0:output"])
    #expect(try opened.counts("D/DET/0CH0:xtdf", group: "data") == [1, 2])
  }

  @Test func aSourceOfPropertiesOfTheRunOnly() throws {
    let values = [
      MadeKey("classId/value", ["SimpleMotor"]), MadeKey("classId/timestamp", [UInt64(1)]),
      MadeKey("limits/value", [Float(-1), 1], entry: [2]), MadeKey("a/b/value", [Int16(-3)]),
    ]
    let empty = MadeSource(name: "A/TOP/1", isControl: true, groups: [], runValues: values)
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1, 2], [empty])])
    let source = try #require(opened.run.source(named: "A/TOP/1"))
    #expect(try opened.run.keys(of: source).isEmpty)
    #expect(try opened.run.trainsWithData(of: source) == 0)
    let read = try opened.run.runValues(of: source)
    #expect(read.map(\.key) == ["a.b", "classId", "limits"])
    #expect(read[0].contents == .bytes([0xFD, 0xFF], .integer(size: 2, signed: true, order: .little, isWhole: true)))
    #expect(read[1].contents == .strings([Array("SimpleMotor".utf8)]) && read[1].shape.isEmpty)
    #expect(read[2].shape == [2])
  }

  @Test func unreadableRunValuesSaySo() throws {
    let values = [
      MadeKey("none/value", [Float]()), MadeKey("huge/value", .uint8, shape: [1, 1 << 40], .none),
      MadeKey("odd/value", .sequence(.uint8), shape: [1], .none),
      MadeKey("product/value", .uint8, shape: [1, 1 << 40, 1 << 40], .none),
    ]
    let made = values.map { key -> MadeKey in
      var key = key
      if key.shape.count > 1 { key.layout = .chunked([1, 1 << 10] + key.shape.dropFirst(2).map { _ in 1 }) }
      return key
    }
    let source = motor(trains: 1, run: made)
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1], [source])])
    let read = try opened.run.runValues(of: try #require(opened.run.source(named: source.name)))
    #expect(read.map(\.key) == ["huge", "none", "odd", "product"])
    for value in read {
      guard case .unreadable = value.contents else {
        Issue.record("\(value.key) was read")
        continue
      }
    }
  }

  @Test func keysAreSortedAndDescribed() throws {
    var scalar = MadeKey("data/single", .int32, shape: [], .bytes([1, 0, 0, 0]))
    scalar.shape = []
    let group = MadeGroup(
      "data", counts: [1],
      [
        MadeKey("data/z", [Float(1)]), MadeKey("data/a/b", [UInt16(1), 2, 3], entry: [3]), MadeKey("data/B", ["x"]),
      ])
    let opened = try OpenedRun([MadeFile("a.h5", trainIDs: [1], [.instrument("A:x", [group])])])
    let keys = try opened.run.keys(of: try #require(opened.run.source(named: "A:x")))
    #expect(keys.map(\.name) == ["data.B", "data.a.b", "data.z"])
    #expect(keys.map(\.group) == ["data", "data", "data"])
    #expect(keys[1].path == "INSTRUMENT/A:x/data/a/b" && keys[1].entryShape == [3])
    #expect(keys[0].datatype == .variableString(isUTF8: true))
  }

  @Test func unitsOfFormat13() throws {
    let property = MadeKey("energy/value", [Float(1)]).inUnits("J", prefix: "u", ofGroup: true)
    let opened = try OpenedRun([
      MadeFile(
        "a.h5", trainIDs: [1],
        [
          .control("A/XGM/1", [property], index: .everyTrain(1)),
          .instrument("A/XGM/1:out", [MadeGroup("data", counts: [1], [MadeKey("data/t", [Float(1)]).inUnits("s")])]),
        ])
    ])
    func units(_ name: String) throws -> String? {
      let source = try #require(opened.run.source(named: name))
      return Run.units(in: try opened.run.attributes(of: opened.run.keys(of: source)[0], in: source))
    }
    #expect(try units("A/XGM/1") == "\u{3BC}J")
    #expect(try units("A/XGM/1:out") == "s")
    #expect(Run.units(in: [:]) == nil && Run.units(in: ["unitSymbol": .integers([1])]) == nil)
  }

  @Test func theLongestStringIsFoundInAllFiles() throws {
    func file(_ name: String, _ train: UInt64, _ texts: [String]) -> MadeFile {
      MadeFile(
        name, trainIDs: [train],
        [
          .instrument("A:x", [MadeGroup("data", counts: [UInt64(texts.count) - 1], [MadeKey("data/s", texts)])])
        ])
    }
    // The last row of each is not in the index.
    let opened = try OpenedRun([
      file("a.h5", 1, ["abc", "padding that is long"]), file("b.h5", 2, ["μμμ", "", "long padding"]),
    ])
    let source = try #require(opened.run.source(named: "A:x"))
    #expect(try opened.run.longestString(ofKey: 0, of: source) == 6)
  }

  @Test func aNameOfBothKindsIsAControlSource() throws {
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [1], [motor("A:x", trains: 1), camera("A:x", counts: [1])])
    ])
    #expect(opened.run.sources.map(\.kind) == [.control])
    #expect(opened.reports.contain("both a control and an instrument source"))
  }

  @Test(arguments: [
    ("SPB_DET_AGIPD1M-1/DET/0CH0:xtdf", "SPB_DET_AGIPD1M-1/DET", "0"),
    ("FXE_DET_LPD1M-1/CORR/12CH0:output", "FXE_DET_LPD1M-1/CORR", "12"),
    ("A/B/DET/3CH", "A/B/DET", "3"), ("A/DET/1CH/DET/2CH0:x", "A/DET/1CH/DET", "2"),
  ])
  func modules(_ source: String, _ detector: String, _ number: String) throws {
    let module = try #require(Run.moduleName(of: source))
    #expect(module.detector == detector && module.number == number)
  }

  @Test(arguments: [
    "SPB_DET_AGIPD1M-1/DET/CH0:xtdf", "DET/0CH0:xtdf", "SPB_IRDA_JF4M/DET/JNGFR01:daqOutput", "A/DET/0ch0",
    "A/XDET/0CH0",
    "A/DET/", "", "/",
  ])
  func noModules(_ source: String) {
    #expect(Run.moduleName(of: source) == nil)
  }
}
