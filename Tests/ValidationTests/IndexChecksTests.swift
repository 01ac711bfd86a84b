import HDF5
import Testing

@testable import Validation

/// The arithmetic of numpy, number by number; the expected messages come from extra-data-validate 1.25.
struct IndexChecksTests {
  private func column(_ values: [UInt64], isSigned: Bool = false) -> IntegerColumn {
    IntegerColumn(shape: [values.count], bits: values, isSigned: isSigned)
  }

  private func messages(_ first: [UInt64], _ count: [UInt64], isSigned: Bool = false, trains: Int? = nil) -> [String] {
    let index = IndexColumns(first: column(first, isSigned: isSigned), count: column(count, isSigned: isSigned))
    return IndexChecks.problems(index, path: "INDEX/A", trains: trains ?? first.count).map(\.message)
  }

  @Test func soundIndexes() {
    #expect(messages([], []) == [])
    #expect(messages([0], [7]) == [])
    #expect(messages([0, 2, 2, 5], [2, 0, 3, 1]) == [])
  }

  @Test func gapsAndOverlaps() {
    #expect(messages([0, 3, 4, 9], [1, 1, 1, 1]) == ["Gaps (2) in index, e.g. at 0 (0 + 1 < 3)"])
    #expect(messages([0, 1, 1], [2, 0, 1]) == ["Overlaps (1) in index, e.g. at 0 (0 + 2 > 1)"])
    #expect(
      messages([1, 3, 3], [1, 2, 0]) == [
        "Index doesn't start at 0", "Gaps (1) in index, e.g. at 0 (1 + 1 < 3)",
        "Overlaps (1) in index, e.g. at 1 (3 + 2 > 3)",
      ])
  }

  @Test func numbersThatWrap() {
    // 30 + (2^64 - 20) is 10.
    #expect(
      messages([0, 30, 31], [30, .max - 19, 1]) == ["Gaps (1) in index, e.g. at 1 (30 + 18446744073709551596 < 31)"])
    let index = IndexColumns(first: column([.max]), count: column([1]))
    #expect(index.largestEnd(rows: 1) == 0)
  }

  /// numpy subtracts an int64 and a uint64 as doubles, in which 2^60 + 1 is 2^60.
  @Test func numbersThatDoublesRound() {
    let large: UInt64 = 1 << 60
    #expect(messages([0, large + 1], [large, 1]) == [])
    #expect(messages([0, large + 4096], [large, 1]).count == 1)
  }

  @Test func numbersWithSigns() {
    let minusThree = UInt64(bitPattern: -3)
    #expect(
      messages([0, minusThree, 1], [1, 4, 1], isSigned: true) == ["Overlaps (1) in index, e.g. at 0 (0 + 1 > -3)"])
    let index = IndexColumns(first: column([minusThree], isSigned: true), count: column([1], isSigned: true))
    #expect(index.largestEnd(rows: 1).map { index.isOutside($0, 0) } == false)
    let unsigned = IndexColumns(first: column([minusThree]), count: column([1]))
    #expect(unsigned.largestEnd(rows: 1).map { unsigned.isOutside($0, 1000) } == true)
  }

  @Test func lengths() {
    #expect(messages([0, 1], [1, 1], trains: 3) == ["Index has wrong number of entries"])
    let index = IndexColumns(first: column([0, 1, 9]), count: column([1, 1]))
    let problem = IndexChecks.problems(index, path: "INDEX/A", trains: 2)
    #expect(problem.map(\.message) == ["Index first & count have different number of entries"])
    #expect(problem[0].attributes["first_shape"] == "(3,)")
    #expect(problem[0].attributes["count_shape"] == "(2,)")
    // What they have in common, and no more than there are trains.
    #expect(index.largestEnd(rows: 2) == 2)
    #expect(index.largestEnd(rows: 0) == nil)
  }

  @Test func trainIDs() {
    #expect(TrainIDChecks.nonzero([1, 2, 0, 0]).isEmpty)
    #expect(TrainIDChecks.nonzero([1, 0, 2]).count == 1)
    #expect(TrainIDChecks.nonzero([]).isEmpty)
    #expect(
      TrainIDChecks.order([1, 2, 2]).first?.message == "Train IDs are not strictly increasing, e.g. at 1 (2 >= 2)")
    #expect(TrainIDChecks.order([]).isEmpty)
  }

  @Test func timestamps() {
    func messages(_ times: [UInt64], isSigned: Bool = false) -> [String] {
      TimestampChecks.problems(column(times, isSigned: isSigned), dataset: "t").map(\.message)
    }
    #expect(messages([]) == [])
    #expect(messages([1, 1, 2, 0, 0]) == [])
    #expect(messages([0, 0, 5]) == ["Zeroes in Timestamp before last train ID"])
    #expect(
      messages([3, 1, 0, 5, 4]) == [
        "Zeroes in Timestamp before last train ID", "Timestamp is decreasing, e.g. at 1 (1 < 3)",
      ])
    #expect(messages([5, UInt64(bitPattern: -1)], isSigned: true) == ["Timestamp is decreasing, e.g. at 1 (-1 < 5)"])
  }
}
