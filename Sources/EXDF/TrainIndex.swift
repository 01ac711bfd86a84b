/// Which rows of which file hold which train, for one index group of a source or one of its keys.
///
/// Kept as segments: trains that follow each other in the run, in one file, with the same count and consecutive rows. A control
/// source is one segment per file, whatever the number of trains, so the index of 300 sources stays small.
public struct TrainIndex: Hashable, Sendable {
  public struct Segment: Hashable, Sendable {
    /// Position of the first train in ``Run/trainIDs``.
    public var firstTrain: Int
    public var trainCount: Int
    /// Entries in each of these trains; never 0.
    public var entriesPerTrain: Int
    /// Position of the file in ``Run/files``.
    public var file: Int
    /// The row of the dataset where the first train begins.
    public var firstRow: Int
    /// Entries in all segments before this one.
    public var firstEntry: Int

    public var entries: Int { trainCount * entriesPerTrain }
    var endTrain: Int { firstTrain + trainCount }
  }

  /// In order of train. Only trains with data.
  public private(set) var segments: [Segment] = []
  /// Entries of all trains together.
  public private(set) var entries = 0
  /// Trains with data.
  public private(set) var trainsWithData = 0
  /// The most entries that any train has.
  public private(set) var mostEntries = 0

  init() {}

  /// Where one train's rows are.
  public struct Location: Hashable, Sendable {
    public var file: Int
    public var firstRow: Int
    public var rows: Int
    /// Entries in all trains before this one.
    public var firstEntry: Int
  }

  /// The rows of the train at `position` of ``Run/trainIDs``; nil where it has no data.
  public func location(ofTrain position: Int) -> Location? {
    guard let index = segmentIndex(ofTrain: position) else { return nil }
    let segment = segments[index]
    let skipped = (position - segment.firstTrain) * segment.entriesPerTrain
    return Location(
      file: segment.file, firstRow: segment.firstRow + skipped, rows: segment.entriesPerTrain,
      firstEntry: segment.firstEntry + skipped)
  }

  private func segmentIndex(ofTrain position: Int) -> Int? {
    let index = firstSegment(endingAfter: position)
    return index < segments.count && segments[index].firstTrain <= position ? index : nil
  }

  /// The first segment that has a train after `position`, or holds it; by bisection.
  private func firstSegment(endingAfter position: Int) -> Int {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].endTrain <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The first train with data at `position` or after it.
  public func nextTrain(from position: Int) -> Int? {
    let index = firstSegment(endingAfter: position)
    return index < segments.count ? max(position, segments[index].firstTrain) : nil
  }

  /// Entries in each of the run's trains, 0 where it has none.
  public func counts(trains: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: trains)
    for segment in segments {
      for train in segment.firstTrain..<segment.endTrain where train < trains {
        counts[train] = segment.entriesPerTrain
      }
    }
    return counts
  }

  /// Adds the next train; trains come in order. Numbers that cannot be true are refused.
  /// - Returns: false where the row or the total overflows: that train has no data.
  @discardableResult
  mutating func append(train: Int, file: Int, firstRow: UInt64, count: UInt64) -> Bool {
    guard count > 0 else { return true }
    // 2^48 rows are more than any file system holds, and leave room for sizes of entries.
    let most = UInt64(1) << 48
    guard firstRow <= most, count <= most, UInt64(entries) + count <= most else { return false }
    let row = Int(firstRow)
    let number = Int(count)
    if let last = segments.last, last.endTrain == train, last.file == file, last.entriesPerTrain == number,
      last.firstRow + last.entries == row
    {
      segments[segments.count - 1].trainCount += 1
    } else {
      segments.append(
        Segment(
          firstTrain: train, trainCount: 1, entriesPerTrain: number, file: file, firstRow: row, firstEntry: entries))
    }
    entries += number
    trainsWithData += 1
    mostEntries = max(mostEntries, number)
    return true
  }

  /// The same index for datasets of so many rows in each file: a train that points past the end has no data (TREE.md).
  ///
  /// - Parameter rows: by position in ``Run/files``; 0 where the file does not have the dataset, or not as it should be.
  func limited(to rows: [Int: Int]) -> TrainIndex {
    if segments.allSatisfy({ $0.firstRow + $0.entries <= rows[$0.file] ?? 0 }) { return self }
    var limited = TrainIndex()
    for segment in segments {
      let room = max(0, (rows[segment.file] ?? 0) - segment.firstRow)
      let trains = min(segment.trainCount, room / segment.entriesPerTrain)
      guard trains > 0 else { continue }
      var kept = segment
      kept.trainCount = trains
      kept.firstEntry = limited.entries
      limited.segments.append(kept)
      limited.entries += kept.entries
      limited.trainsWithData += trains
      limited.mostEntries = max(limited.mostEntries, kept.entriesPerTrain)
    }
    return limited
  }

  /// The positions of the first and the last train without data; nil where all have some.
  public func gaps(trains: Int) -> (first: Int, last: Int)? {
    guard trainsWithData < trains else { return nil }
    var first = 0
    for segment in segments where segment.firstTrain == first { first = segment.endTrain }
    var last = trains - 1
    for segment in segments.reversed() where segment.endTrain == last + 1 { last = segment.firstTrain - 1 }
    return (first, last)
  }

  /// Whether these are the first trains of another index, with as many entries each: what lies there in rows lies here in the same.
  public func isBeginning(of other: TrainIndex) -> Bool {
    var rest = other.segments[...]
    var used = 0
    for segment in segments {
      var first = segment.firstTrain
      while first < segment.endTrain {
        guard let next = rest.first, next.firstTrain + used == first, next.entriesPerTrain == segment.entriesPerTrain
        else { return false }
        let trains = min(segment.endTrain - first, next.trainCount - used)
        first += trains
        used += trains
        if used == next.trainCount {
          rest.removeFirst()
          used = 0
        }
      }
    }
    return true
  }

  /// Which trains have data in any of several indexes.
  public static func trainsWithData(in indexes: [TrainIndex]) -> Int {
    guard let first = indexes.first else { return 0 }
    if indexes.allSatisfy({ $0.hasSameTrains(as: first) }) { return first.trainsWithData }
    var trains: Set<Int> = []
    for index in indexes {
      for segment in index.segments { trains.formUnion(segment.firstTrain..<segment.endTrain) }
    }
    return trains.count
  }

  private func hasSameTrains(as other: TrainIndex) -> Bool {
    segments.count == other.segments.count
      && zip(segments, other.segments).allSatisfy { $0.firstTrain == $1.firstTrain && $0.trainCount == $1.trainCount }
  }
}
