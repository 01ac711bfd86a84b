public import HDF5
internal import Synchronization

/// Pulse or cell ids of the frames of some trains, put together from all modules.
public struct FrameLabels: Sendable {
  /// One per frame: the smallest that any module has, as EXtra-data takes it; nil where none has one.
  public var values: [UInt64?]
  /// Frames for which modules disagree, as positions in ``values``.
  public var disagreements: [Int] = []
}

extension Detector {
  public enum Label: Sendable { case pulse, cell }

  /// The key that holds a label; nil where the detector has none.
  public func key(of label: Label) throws(ReadError) -> DetectorKey? {
    switch label {
    case .pulse:
      guard let pulseKey = type.pulseKey else { return nil }
      return try key(named: pulseKey)
    case .cell: return try key(named: type.cellKey)
    }
  }

  /// More than a run of a day takes; what has more in a few trains is damage.
  static let mostLabels = 1 << 26

  /// Reads a label of all frames of some trains, at positions in the run.
  public func labels(_ label: Label, trains: Range<Int>) throws(ReadError) -> FrameLabels {
    let frames = try frames
    let perEntry = try framesPerEntry
    let first = frames.entries.nextTrain(from: trains.lowerBound).flatMap { frames.entries.location(ofTrain: $0) }
    guard let first, let key = try key(of: label) else { return FrameLabels(values: []) }
    let end =
      frames.entries.nextTrain(from: trains.upperBound).flatMap { frames.entries.location(ofTrain: $0)?.firstEntry }
      ?? frames.entries.entries
    guard end > first.firstEntry else { return FrameLabels(values: []) }
    let (count, overflow) = (end - first.firstEntry).multipliedReportingOverflow(by: perEntry)
    guard !overflow, count <= Self.mostLabels else {
      throw .damaged(file: run.path, object: name, reason: "it has \(count) frames, too many to list")
    }
    var labels = FrameLabels(values: [UInt64?](repeating: nil, count: count))
    var conflicts: Set<Int> = []
    for module in modules.indices {
      guard let number = key.numbers[module] else { continue }
      for placement in frames.placements(module: module, try index(of: key, module: module), trains: trains) {
        let values = try run.integers(
          ofKey: number, of: modules[module].source, file: placement.file,
          rows: placement.row..<(placement.row + placement.count))
        // Of a key of another shape than one label for each frame nothing is known.
        guard values.count == placement.count * perEntry else { continue }
        let start = (placement.entry - first.firstEntry) * perEntry
        for (offset, value) in values.enumerated() {
          guard let known = labels.values[start + offset] else {
            labels.values[start + offset] = value
            continue
          }
          if known != value {
            labels.values[start + offset] = min(known, value)
            conflicts.insert(start + offset)
          }
        }
      }
    }
    labels.disagreements = conflicts.sorted()
    return labels
  }

  /// Pulse ids of one train's frames, kept for a while: a directory of frames asks for them with every name.
  public func pulseIDs(ofTrain train: Int) throws(ReadError) -> [UInt64?] {
    if let known = cache.withLock({ $0.trainLabels[train] }) { return known }
    let values = try labels(.pulse, trains: train..<(train + 1)).values
    cache.withLock { cache in
      if cache.trainLabels.count >= 256 { cache.trainLabels = [:] }
      cache.trainLabels[train] = values
    }
    return values
  }
}
