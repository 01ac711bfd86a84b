internal import HDF5
internal import Synchronization

extension Detector {
  /// How the modules' frames are matched: made once, from the indexes alone as long as the modules agree.
  public var frames: FrameTable {
    get throws(ReadError) {
      if let frames = cache.withLock({ $0.frames }) { return frames }
      let frames = try match()
      cache.withLock { $0.frames = frames }
      return frames
    }
  }

  /// Entries of the stack by train, as frames: for JUNGFRAU each cell is one.
  public var frameIndex: TrainIndex {
    get throws(ReadError) {
      if let index = cache.withLock({ $0.frameIndex }) { return index }
      let index = try frames.entries.multiplied(by: try framesPerEntry)
      cache.withLock { $0.frameIndex = index }
      return index
    }
  }

  /// Frames of one train that are matched one by one; no detector takes more than 2700. What claims more is damage.
  private static let mostUnequal = 1 << 16

  private func match() throws(ReadError) -> FrameTable {
    var table = FrameTable()
    guard let main = try key(named: type.mainKey) else { return table }
    try loadRows()
    var indexes: [TrainIndex] = []
    for module in modules.indices { indexes.append(try index(of: main, module: module)) }
    // Between two neighbouring boundaries every module has the same number of entries in each train.
    var boundaries: Set<Int> = []
    for segment in indexes.flatMap(\.segments) { boundaries.formUnion([segment.firstTrain, segment.endTrain]) }
    let sorted = boundaries.sorted()
    for (first, end) in zip(sorted, sorted.dropFirst()) {
      let counts = indexes.map { $0.location(ofTrain: first)?.rows ?? 0 }
      let present = counts.filter { $0 > 0 }
      guard let count = present.first else { continue }
      if present.count < selection.minModules {
        table.trainsLeftOut += end - first
      } else if present.allSatisfy({ $0 == count }) {
        for train in first..<end { table.append(train: train, entries: count) }
      } else if counts.allSatisfy({ $0 <= Self.mostUnequal }) {
        try matchUnequal(first..<end, indexes, counts, &table)
      } else {
        table.trainsRefused += end - first
      }
    }
    return table
  }

  /// Trains in which each module has its own number of entries: matched by pulse id over the union of the ids.
  private func matchUnequal(
    _ trains: Range<Int>, _ indexes: [TrainIndex], _ counts: [Int], _ table: inout FrameTable
  ) throws(ReadError) {
    // The same pattern train after train is the rule (one module loses its last frames): it is kept once.
    var known: Set<FrameTable.Matching> = []
    for train in trains {
      let ids = try pulseIDs(train: train, counts)
      if ids == nil { table.lacksPulseIDs = true }
      let made = ids.map(Self.matching) ?? Self.matchingByPosition(counts)
      let matching = known.insert(made).memberAfterInsert
      table.append(train: train, entries: matching.entries, matching)
    }
  }

  /// The pulse ids that each module has for one train; nil where they cannot be read, or are not as many as the entries.
  private func pulseIDs(train: Int, _ counts: [Int]) throws(ReadError) -> [[UInt64]]? {
    guard let name = type.pulseKey, let key = try key(named: name) else { return nil }
    var lists: [[UInt64]] = []
    for module in modules.indices {
      guard counts[module] > 0 else {
        lists.append([])
        continue
      }
      guard let number = key.numbers[module],
        let location = try index(of: key, module: module).location(ofTrain: train)
      else { return nil }
      do throws(ReadError) {
        let ids = try run.integers(
          ofKey: number, of: modules[module].source, file: location.file,
          rows: location.firstRow..<(location.firstRow + location.rows))
        guard ids.count == counts[module] else { return nil }
        lists.append(ids)
      } catch .damaged {
        return nil
      }
    }
    return lists
  }

  /// A pulse id that comes twice in a train is matched with its second coming in the others.
  private struct Frame: Hashable {
    var pulse: UInt64
    var occurrence: Int
  }

  static func matching(_ ids: [[UInt64]]) -> FrameTable.Matching {
    var places: [[Frame: Int32]] = []
    var union: Set<Frame> = []
    for list in ids {
      var seen: [UInt64: Int] = [:]
      var place: [Frame: Int32] = [:]
      for (row, pulse) in list.enumerated() {
        let frame = Frame(pulse: pulse, occurrence: seen[pulse, default: 0])
        seen[pulse, default: 0] += 1
        place[frame] = Int32(truncatingIfNeeded: row)
      }
      union.formUnion(place.keys)
      places.append(place)
    }
    let sorted = union.sorted { ($0.pulse, $0.occurrence) < ($1.pulse, $1.occurrence) }
    return FrameTable.Matching(rows: places.map { place in sorted.map { place[$0] ?? -1 } })
  }

  private static func matchingByPosition(_ counts: [Int]) -> FrameTable.Matching {
    let most = counts.max() ?? 0
    return FrameTable.Matching(
      rows: counts.map { count in (0..<most).map { $0 < count ? Int32(truncatingIfNeeded: $0) : -1 } })
  }
}

extension FrameTable {
  /// Adds the next train; one that would overflow has no data.
  mutating func append(train: Int, entries count: Int, _ matching: Matching? = nil) {
    guard entries.append(train: train, file: 0, firstRow: UInt64(entries.entries), count: UInt64(count)) else { return }
    matchings[train] = matching
  }
}
