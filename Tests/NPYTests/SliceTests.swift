import RawHDF5
import Testing

@testable import NPY

@Suite struct SliceTests {
  @Test(arguments: [
    "0", "-1", "10", ":", "::", "1:", ":1", "1:2", "1:2:3", "::2", "...", "...,5", "0:10,...,5", "0,0,0", "-5:-1",
    "1::",
    "9223372036854775807", "-9223372036854775808", "0:9223372036854775807:9223372036854775807",
  ])
  func isASlice(_ text: String) throws {
    _ = try Slice(text)
  }

  @Test(arguments: [
    "", ",", "0,", ",0", "..", "....", "...,...", "0:1:0", "::-1", "1:2:3:4", ":::", "a", "1.5", "1e3", "0x10", "+1",
    ":+1",
    "--1", " 1", "1 ", "0: 1", "[0]", "0;1", "None", "newaxis", "\u{661}", "\u{FF11}", "9223372036854775808",
    "-9223372036854775809", "0:10,..., 5", "1\n",
  ])
  func isNoSlice(_ text: String) {
    #expect(throws: Slice.Invalid.self) { try Slice(text) }
  }

  /// Each as `np.arange(n)[slice]` gives it: start, step, count.
  @Test(arguments: [
    (":", 5, [0, 1, 5]), ("1:", 5, [1, 1, 4]), (":-1", 5, [0, 1, 4]), ("-2:", 5, [3, 1, 2]), ("-9:", 5, [0, 1, 5]),
    (":9", 5, [0, 1, 5]), ("::2", 5, [0, 2, 3]), ("1::2", 5, [1, 2, 2]), ("::9", 5, [0, 1, 1]),
    ("::9223372036854775807", 5, [0, 1, 1]), ("3:3:7", 5, [0, 1, 0]), ("3:1", 5, [0, 1, 0]),
    ("5:", 5, [0, 1, 0]), ("9:12", 5, [0, 1, 0]), (":", 0, [0, 1, 0]), ("-1:", 0, [0, 1, 0]), (":-9", 5, [0, 1, 0]),
    ("1:4:2", 5, [1, 2, 2]), ("1:5:2", 6, [1, 2, 2]), ("-9223372036854775808:9223372036854775807", 3, [0, 1, 3]),
  ])
  func ranges(_ text: String, _ extent: Int, _ expected: [Int]) throws {
    let selection = try #require(try Slice(text).selections(of: [extent]).first)
    #expect([selection.start, selection.step, selection.count] == expected)
    #expect(!selection.isDropped)
  }

  @Test(arguments: [("0", 0), ("4", 4), ("-1", 4), ("-5", 0)])
  func integersDropTheirAxis(_ text: String, _ position: Int) throws {
    let selection = try #require(try Slice(text).selections(of: [5]).first)
    #expect(selection == Slice.Selection(start: position, step: 1, count: 1, isDropped: true))
  }

  @Test(arguments: [
    ("5", [5]), ("-6", [5]), ("0", [0]), ("-9223372036854775808", [5]), ("0", []), ("0,0", [5]), ("...,0,0", [5]),
    (":,:,:", [2, 2]),
  ])
  func doesNotFit(_ text: String, _ shape: [Int]) throws {
    let slice = try Slice(text)
    #expect(throws: Slice.Invalid.self) { try slice.selections(of: shape) }
  }

  @Test(arguments: [
    ("...", [0, 0, 0]), ("1", [1, 0, 0]), ("...,1", [0, 0, 1]), ("1,...", [1, 0, 0]), ("1,...,1", [1, 0, 1]),
    ("1,1,1", [1, 1, 1]), ("1,1,1,...", [1, 1, 1]), ("...,1,1,1", [1, 1, 1]), (":,1", [0, 1, 0]),
  ])
  func theEllipsisStandsForTheRest(_ text: String, _ dropped: [Int]) throws {
    let selections = try Slice(text).selections(of: [2, 3, 4])
    #expect(selections.map { $0.isDropped ? 1 : 0 } == dropped)
  }

  @Test func theEllipsisOfNothingIsTheValueItself() throws {
    #expect(try Slice("...").selections(of: []).isEmpty)
  }

  /// Against Python's own definition, `range(n)[start:stop:step]`, written out index by index.
  @Test func rangesAgreeWithCounting() throws {
    var random = SeededGenerator(seed: 20)
    for _ in 0..<3000 {
      let extent = random.below(8)
      let start = random.below(4) == 0 ? nil : random.below(25) - 12
      let stop = random.below(4) == 0 ? nil : random.below(25) - 12
      let step = random.below(3) == 0 ? nil : random.below(6) + 1
      func text(_ number: Int?) -> String { number.map(String.init) ?? "" }
      let slice = "\(text(start)):\(text(stop))" + (step.map { ":\($0)" } ?? "")
      let selection = try #require(try Slice(slice).selections(of: [extent]).first)
      let selected = (0..<selection.count).map { selection.start + $0 * selection.step }
      func position(_ bound: Int) -> Int { bound < 0 ? bound + extent : bound }
      let first = start.map(position) ?? 0
      let end = stop.map(position) ?? extent
      let naive = (0..<extent).filter { $0 >= first && $0 < end && ($0 - max(0, first)) % (step ?? 1) == 0 }
      #expect(selected == naive, "\(slice) of \(extent)")
    }
  }
}
