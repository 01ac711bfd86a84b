import EXDF
import TestRuns
import Testing

/// Words that say what of a run is wanted, and runs put together of parts.
@Suite struct SelectionTests {
  @Test(arguments: [
    ("*", "a/b:c.d", true), ("a*c", "a/b/c", true), ("a?c", "abc", true), ("a?c", "ac", false), ("[xy]z", "yz", true),
    ("[!x]z", "xz", false), ("[^x]z", "^z", true), ("[^x]z", "yz", false), ("a[", "a[", true), ("[]]", "]", true),
    ("[a-c]", "b", true), ("[c-a]", "b", false), ("XGM", "aXGM", false), ("*a*b", "xaxbxb", true), ("", "", true),
    ("*", "", true), ("{a,b}", "a", false),
  ])
  func globs(_ pattern: String, _ name: String, _ matches: Bool) { #expect(Glob(pattern).matches(name) == matches) }

  @Test func namesOfDirectories() throws {
    let selection = try Selection(name: "*_XGM*,*Flux+S/A@1000:2000")
    #expect(selection.select == [SourcePattern(source: "*_XGM*", key: "*Flux"), SourcePattern(source: "S/A")])
    #expect(selection.trains == [.ids(from: 1000, to: 2000)])
    #expect(try Selection(name: "S@::2").trains == [.positions(start: nil, stop: nil, step: 2)])
    #expect(try Selection(name: "@5").trains == [.list([5])])
    #expect(try Selection(name: "=xgm").select.first?.alias == "xgm")
    for wrong in ["", "+", "A+", ",key", "A@", "A@x", "A@1:2:0", "A@-1"] {
      #expect(throws: SelectionError.self, "\(wrong)") { try Selection(name: wrong) }
    }
  }

  private func run(_ name: String, trains: [UInt64], keys: [String]) throws -> OpenedRun {
    let group = MadeGroup(
      "data", counts: trains.map { _ in 1 }, keys.map { MadeKey("data/\($0)", trains.map { Int32($0) }) })
    return try OpenedRun([MadeFile(name, trainIDs: trains, [.instrument("A:x", [group]), motor(trains: trains.count)])])
  }

  /// EXtra-data gives both keys for all trains.
  @Test func aUnionKeepsWhatWasSelectedOfEachPart() throws {
    let first = try run("a.h5", trains: [1, 2, 3], keys: ["j", "k"])
    let second = try run("b.h5", trains: [11, 12], keys: ["j", "k"])
    let one = try first.run.selecting([SourcePattern("A:x,data.j")]).selecting(trains: .list([1]))
    let union = one.union([
      try second.run.selecting([SourcePattern("A:x,data.k")]).selecting(trains: .ids(from: 12, to: nil))
    ])
    #expect(union.trainIDs == [1, 12])
    let source = try #require(union.source(named: "A:x"))
    #expect(try union.keys(of: source).map(\.name) == ["data.j", "data.k"])
    #expect(try union.index(ofKey: 0, of: source).counts(trains: 2) == [1, 0])
    #expect(try union.index(ofKey: 1, of: source).counts(trains: 2) == [0, 1])
    #expect(union.source(named: "A/MOTOR/1") == nil)
  }

  /// Two selections of one file.
  @Test func aUnionOfPartsOfAFileIsThoseParts() throws {
    let opened = try run("a.h5", trains: [1, 2, 3, 4], keys: ["j", "k"])
    let parts = [
      try opened.run.selecting([SourcePattern("A:x,data.j")]).selecting(trains: .list([1, 2])),
      try opened.run.selecting([SourcePattern("A:x")]).selecting(trains: .list([4])),
    ]
    let union = parts[0].union([parts[1]])
    let source = try #require(union.source(named: "A:x"))
    #expect(union.trainIDs == [1, 2, 4] && union.files.count == 1)
    #expect(try union.index(ofKey: 0, of: source).counts(trains: 3) == [1, 1, 1])
    #expect(try union.index(ofKey: 1, of: source).counts(trains: 3) == [0, 0, 1])
  }

  /// As `open_run(data=...)`: whole sources, never train by train.
  @Test func anOverlayReplacesWholeSources() throws {
    let raw = try run("RAW-R0001-DA01-S00000.h5", trains: [1, 2, 3], keys: ["k"])
    let proc = try OpenedRun([
      MadeFile("CORR-R0001-DA01-S00000.h5", trainIDs: [2, 3, 4], [camera("A:x", counts: [0, 1, 1])])
    ])
    let overlaid = Run.overlay([raw.run, proc.run])
    #expect(overlaid.trainIDs == [1, 2, 3, 4])
    let source = try #require(overlaid.source(named: "A:x"))
    #expect(try overlaid.index(ofGroup: "data", of: source).counts(trains: 4) == [0, 0, 1, 1])
    let motor = try #require(overlaid.source(named: "A/MOTOR/1"))
    #expect(try overlaid.index(ofGroup: "", of: motor).counts(trains: 4) == [1, 1, 1, 0])
    #expect(
      try Run.overlay([proc.run, raw.run]).trainsWithData(
        of: #require(Run.overlay([proc.run, raw.run]).source(named: "A:x"))) == 3)
  }
}
