import RawHDF5
import TestRuns
import Testing

@testable import EXDF

/// Which trains there are, when they were, and which of them are doubted.
@Suite struct TrainTests {
  private func suspects(_ file: MadeFile) throws -> [Bool] {
    let opened = try OpenedRun([file])
    // Its directory goes with it.
    return try withExtendedLifetime(opened) { try opened.run.trainTimes().isSuspect }
  }

  @Test(arguments: zip(["1.0", "1.1", "1.2", "1.3"], [false, true, false, false]))
  func flags(_ version: String, _ isInverted: Bool) throws {
    let file = MadeFile("a.h5", version: version, trainIDs: [1, 2, 3], flags: [1, 0, 5], [])
    #expect(try suspects(file) == (isInverted ? [true, false, true] : [false, true, false]))
  }

  /// Formats without INDEX/flag: the side of a step down with fewer offenders is doubted, the later one when equal.
  @Test(
    arguments: [
      ([1, 2, 3, 4], [true, true, true, true]), ([1, 2, 99, 3, 4, 5], [true, true, false, true, true, true]),
      ([10, 11, 12, 3, 13], [true, true, true, false, true]), ([5, 4], [true, false]), ([5, 5], [true, false]),
      ([1, 9, 2, 3, 4, 10], [true, false, true, true, true, true]), ([], []), ([7], [true]),
      // Zeros are passed over: they are no trains.
      ([1, 0, 2, 0, 0, 3], [true, true, true, true, true, true]), ([8, 0, 3, 0, 9], [true, true, false, true, true]),
    ] as [([UInt64], [Bool])])
  func validityIsGuessed(_ trains: [UInt64], _ expected: [Bool]) {
    #expect(TrainValidity.guessed(trains) == expected)
  }

  /// The rule as it is written, for each step by itself.
  private func guessedByDefinition(_ trains: [UInt64]) -> [Bool] {
    let rows = trains.indices.filter { trains[$0] != 0 }
    var validity = trains.map { _ in true }
    for (step, next) in zip(rows.indices, rows.indices.dropFirst()) where trains[rows[next]] <= trains[rows[step]] {
      let before = rows[...step].filter { trains[$0] >= trains[rows[next]] }
      let after = rows[next...].filter { trains[$0] <= trains[rows[step]] }
      for row in before.count < after.count ? before : after { validity[row] = false }
    }
    return validity
  }

  @Test func guessesAreThoseOfTheDefinition() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let count = random.below(14)
      // From nearly all equal to nearly all different, with zeros among them, in any order or nearly ascending.
      let range = 1 + random.below(20)
      var trains = (0..<count).map { _ in UInt64(random.below(range)) }
      if random.below(3) == 0 {
        trains.sort()
        for _ in 0..<random.below(3) where count > 1 { trains.swapAt(random.below(count), random.below(count)) }
      }
      if random.below(10) == 0 { trains = trains.map { $0 == 0 ? 0 : .max - $0 } }
      #expect(TrainValidity.guessed(trains) == guessedByDefinition(trains), "\(trains)")
    }
  }

  /// What takes a time that grows with the square does not come to an end here.
  @Test func aMillionFallingTrains() {
    let count = 1_000_000
    for trains in [(0..<count).map { UInt64(count - $0) }, [UInt64](repeating: 7, count: count)] {
      let validity = TrainValidity.guessed(trains)
      // Up to the middle the side before a step is the smaller one, and from there on the side behind it.
      #expect(validity.indices.filter { validity[$0] } == [count / 2 - 1])
    }
  }

  @Test func guessingIsForFilesWithoutFlags() throws {
    let trains: [UInt64] = [1, 2, 99, 3, 4, 5]
    let old = MadeFile("a.h5", version: nil, trainIDs: trains, [])
    #expect(try suspects(old) == [false, false, false, false, false, true])
    // 0.5 has no flags, whatever lies there.
    var odd = old
    odd.flags = [0, 0, 0, 0, 0, 0]
    #expect(try suspects(odd) == [false, false, false, false, false, true])
    #expect(
      try suspects(MadeFile("a.h5", version: "1.3", trainIDs: trains, flags: [1, 1, 1, 1, 1, 1], []))
        == Array(repeating: false, count: 6))
  }

  @Test func aTrainThatOneFileTrustsIsTrusted() throws {
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [1, 2, 3], flags: [0, 0, 1], []),
      MadeFile("b.h5", trainIDs: [1, 2, 4], flags: [0, 1, 0], []),
    ])
    #expect(opened.run.trainIDs == [1, 2, 3, 4])
    #expect(try opened.run.trainTimes().isSuspect == [true, false, false, true])
  }

  @Test func shortFlagsLeaveTheRestTrusted() throws {
    #expect(try suspects(MadeFile("a.h5", trainIDs: [1, 2, 3], flags: [0], [])) == [true, false, false])
  }

  @Test func timestampsComeFromWhoeverKnows() throws {
    let second: UInt64 = 1_700_000_000_000_000_000
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [5, 6, 7], timestamps: [0, second, second + 1], []),
      MadeFile("b.h5", trainIDs: [5, 7, 8, 9], timestamps: [second + 9, second + 8, 0, 1 << 63], []),
      MadeFile("c.h5", version: nil, trainIDs: [9, 10], []),
    ])
    // The last: EXtra-data writes NaT, 2^63, where it knows no time (EXDF.md 2.8).
    #expect(try opened.run.trainTimes().timestamps == [second + 9, second, second + 1, 0, 0, 0])
  }

  @Test func trainsAreTheUnionInOrder() throws {
    let opened = try OpenedRun([
      MadeFile("a.h5", trainIDs: [30, 31, 0, 32, 31], []), MadeFile("b.h5", trainIDs: [.max, 1, 30], []),
    ])
    #expect(opened.run.trainIDs == [1, 30, 31, 32, .max])
    #expect(opened.run.position(ofTrain: 31) == 2 && opened.run.position(ofTrain: 29) == nil)
    #expect(opened.run.position(ofTrain: .max) == 4 && opened.run.position(ofTrain: 0) == nil)
    #expect([0, 1, 2, 30, 33, .max].map { opened.run.firstPosition(notBelow: $0) } == [0, 0, 1, 1, 4, 4])
  }

  @Test func aRunWithoutTrainsOpens() throws {
    var file = MadeFile("a.h5", trainIDs: [], [motor(trains: 0), camera(counts: [])])
    file.padding = 4
    let opened = try OpenedRun([file])
    #expect(opened.run.trainIDs.isEmpty && opened.run.sources.count == 2)
    #expect(try opened.places("A/MOTOR/1", "position.value").isEmpty)
    #expect(try opened.run.trainTimes().timestamps.isEmpty)
  }
}
