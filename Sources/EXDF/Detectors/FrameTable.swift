/// Which entries of a detector's stack belong to which train, and which row of each module is which entry.
///
/// Kept as segments like the index it comes from: its size is that of the metadata, not of the data. Only trains whose modules
/// disagree in number have rows of their own, and equal ones share them.
public struct FrameTable: Sendable {
  /// How the entries of one train are put together where the modules recorded different numbers.
  public struct Matching: Hashable, Sendable {
    /// For each module of the detector the row of each entry, counted from the train's first; -1 where it has none.
    public var rows: [[Int32]]
    public var entries: Int { rows.first?.count ?? 0 }
  }

  /// Entries of the stack by train; its rows are entries.
  public internal(set) var entries = TrainIndex()
  /// The trains with unequal numbers, by position.
  public internal(set) var matchings: [Int: Matching] = [:]
  /// Trains with data that have fewer modules than wanted.
  public internal(set) var trainsLeftOut = 0
  /// Trains whose unequal numbers are too large to be true.
  public internal(set) var trainsRefused = 0
  /// Whether unequal numbers had to be matched by position because no module has pulse ids that can be read.
  public internal(set) var lacksPulseIDs = false

  /// The row, counted from the train's first, that a module has for the `entry`th entry of a train.
  func row(of entry: Int, train: Int, module: Int) -> Int? {
    guard let matching = matchings[train] else { return entry }
    guard entry < matching.rows[module].count else { return nil }
    let row = matching.rows[module][entry]
    return row < 0 ? nil : Int(row)
  }

  /// Which row of a module's key is which entry: an entry of the key, counted over all trains of `index`.
  ///
  /// - Parameter index: of the module's key.
  public func source(of entry: Int, train: Int, module: Int, _ index: TrainIndex) -> Int? {
    guard let location = index.location(ofTrain: train), let row = row(of: entry, train: train, module: module),
      row < location.rows
    else { return nil }
    return location.firstEntry + row
  }
}

/// Rows of one module's dataset that follow each other in the file and in the stack.
public struct Placement: Hashable, Sendable {
  /// The first entry of the stack.
  public var entry: Int
  /// Position in ``Run/files``.
  public var file: Int
  /// The first row of the dataset.
  public var row: Int
  public var count: Int
}

extension FrameTable {
  /// Where the rows of one module go, in order of train.
  ///
  /// - Parameters:
  ///   - index: of the module's key.
  ///   - trains: positions in the run.
  public func placements(module: Int, _ index: TrainIndex, trains: Range<Int>) -> [Placement] {
    var placements: [Placement] = []
    func add(_ entry: Int, _ location: TrainIndex.Location, _ row: Int, _ count: Int) {
      let placement = Placement(entry: entry, file: location.file, row: location.firstRow + row, count: count)
      if let last = placements.last, last.file == placement.file, last.entry + last.count == entry,
        last.row + last.count == placement.row
      {
        placements[placements.count - 1].count += count
      } else {
        placements.append(placement)
      }
    }
    var next = index.nextTrain(from: trains.lowerBound)
    while let train = next, train < trains.upperBound {
      next = index.nextTrain(from: train + 1)
      guard let location = index.location(ofTrain: train), let stacked = entries.location(ofTrain: train) else {
        continue
      }
      if let matching = matchings[train] {
        for (entry, row) in matching.rows[module].enumerated() where row >= 0 && Int(row) < location.rows {
          add(stacked.firstEntry + entry, location, Int(row), 1)
        }
      } else {
        add(stacked.firstEntry, location, 0, min(location.rows, stacked.rows))
      }
    }
    return placements
  }
}

extension TrainIndex {
  /// The train of an entry, counted over all trains, and the entry's number in it; by bisection.
  public func train(ofEntry entry: Int) -> (train: Int, entry: Int)? {
    guard entry >= 0, entry < entries else { return nil }
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if segments[middle].firstEntry + segments[middle].entries <= entry { low = middle + 1 } else { high = middle }
    }
    guard low < segments.count else { return nil }
    let (train, rest) = (entry - segments[low].firstEntry).quotientAndRemainder(
      dividingBy: segments[low].entriesPerTrain)
    return (segments[low].firstTrain + train, rest)
  }

  /// The same trains with every entry counted `factor` times.
  /// - Returns: without the trains that would overflow.
  func multiplied(by factor: Int) -> TrainIndex {
    if factor == 1 { return self }
    var result = TrainIndex()
    for segment in segments {
      let (count, overflow) = segment.entriesPerTrain.multipliedReportingOverflow(by: factor)
      if overflow { continue }
      for train in segment.firstTrain..<segment.endTrain {
        result.append(train: train, file: 0, firstRow: UInt64(result.entries), count: UInt64(count))
      }
    }
    return result
  }
}
