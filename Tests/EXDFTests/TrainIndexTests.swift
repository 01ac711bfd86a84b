import RawHDF5
import Testing

@testable import EXDF

@Suite struct TrainIndexTests {
  private func index(_ rows: [(train: Int, file: Int, first: UInt64, count: UInt64)]) -> TrainIndex {
    var index = TrainIndex()
    for row in rows { index.append(train: row.train, file: row.file, firstRow: row.first, count: row.count) }
    return index
  }

  @Test func consecutiveTrainsAreOneSegment() {
    let control = index((0..<1000).map { ($0, 0, UInt64($0), 1) })
    #expect(control.segments.count == 1 && control.entries == 1000 && control.trainsWithData == 1000)
    // Another count, a gap in rows, a gap in trains, another file: each begins a new one.
    let parted = index([(0, 0, 0, 2), (1, 0, 2, 2), (2, 0, 4, 1), (3, 0, 6, 1), (5, 0, 7, 1), (6, 1, 8, 1)])
    #expect(parted.segments.map(\.trainCount) == [2, 1, 1, 1, 1])
    #expect(parted.segments.map(\.firstEntry) == [0, 4, 5, 6, 7])
    #expect(parted.mostEntries == 2)
  }

  @Test func nothingIsNothing() {
    let empty = index([(0, 0, 5, 0)])
    #expect(empty == TrainIndex() && empty.location(ofTrain: 0) == nil && empty.nextTrain(from: 0) == nil)
    #expect(empty.counts(trains: 3) == [0, 0, 0] && TrainIndex.trainsWithData(in: []) == 0)
  }

  @Test(
    arguments: [
      (UInt64.max, 1), (0, UInt64.max), (UInt64.max, UInt64.max), (1 << 48 + 1, 1), (0, 1 << 48 + 1),
      (UInt64(Int64.max), 1),
    ] as [(UInt64, UInt64)])
  func absurdNumbersAreNoData(_ first: UInt64, _ count: UInt64) {
    var index = TrainIndex()
    let isTaken = index.append(train: 0, file: 0, firstRow: first, count: count)
    #expect(!isTaken)
    #expect(index.entries == 0 && index.segments.isEmpty)
    // The next one is taken all the same.
    let nextIsTaken = index.append(train: 1, file: 0, firstRow: 0, count: 3)
    #expect(nextIsTaken)
    #expect(index.entries == 3)
  }

  @Test func theTotalIsBounded() {
    var index = TrainIndex()
    let half = UInt64(1) << 47
    #expect(
      (0..<5).map { index.append(train: $0, file: 0, firstRow: 0, count: half) } == [true, true, false, false, false])
    #expect(index.entries == 1 << 48)
  }

  @Test func trainsWithDataAreCountedOnce() {
    let one = index([(0, 0, 0, 1), (1, 0, 1, 1), (4, 0, 2, 1)])
    let two = index([(1, 0, 0, 1), (2, 0, 1, 5)])
    #expect(TrainIndex.trainsWithData(in: [one, two]) == 4)
    #expect(TrainIndex.trainsWithData(in: [one, one]) == 3)
    #expect(TrainIndex.trainsWithData(in: [TrainIndex(), two]) == 2)
  }

  /// Against a table with one line for each train.
  @Test func agreesWithAPlainTable() {
    var random = SeededGenerator(seed: 77)
    for _ in 0..<300 {
      let trains = random.below(40)
      var rows: [(train: Int, file: Int, first: UInt64, count: UInt64)] = []
      var next: UInt64 = 0
      for train in 0..<trains where random.below(5) > 0 {
        if random.below(6) == 0 { next = UInt64(random.below(50)) }
        let count = UInt64(random.below(4) == 0 ? random.below(4) : 2)
        rows.append((train, train * 3 / max(1, trains), next, count))
        next += count
      }
      let whole = index(rows)
      check(whole, rows.filter { $0.count > 0 }, trains)
      let lengths = Dictionary(
        uniqueKeysWithValues: (0..<3).filter { _ in random.below(4) > 0 }.map { ($0, random.below(90)) })
      let inside = rows.filter { $0.count > 0 && Int($0.first + $0.count) <= lengths[$0.file] ?? 0 }
      check(whole.limited(to: lengths), inside, trains)
    }
  }

  private func check(
    _ index: TrainIndex, _ rows: [(train: Int, file: Int, first: UInt64, count: UInt64)], _ trains: Int
  ) {
    var counts = [Int](repeating: 0, count: trains)
    var entry = 0
    for row in rows {
      counts[row.train] = Int(row.count)
      #expect(
        index.location(ofTrain: row.train)
          == TrainIndex.Location(file: row.file, firstRow: Int(row.first), rows: Int(row.count), firstEntry: entry))
      entry += Int(row.count)
    }
    #expect(index.counts(trains: trains) == counts)
    #expect(index.entries == entry && index.trainsWithData == rows.count && index.mostEntries == counts.max() ?? 0)
    for train in 0..<trains {
      #expect((index.location(ofTrain: train) != nil) == (counts[train] > 0))
      #expect(index.nextTrain(from: train) == (train..<trains).first { counts[$0] > 0 })
    }
    #expect(index.location(ofTrain: trains) == nil && index.nextTrain(from: trains) == nil)
    #expect(index.segments.map(\.entries).reduce(0, +) == entry)
  }
}
