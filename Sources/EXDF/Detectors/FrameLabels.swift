internal import HDF5
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
  public func key(of label: Label) -> DetectorKey? {
    switch label {
    case .pulse: type.pulseKey.flatMap { key(named: $0) }
    case .cell: key(named: type.cellKey)
    }
  }

  /// More than a run of a day takes; what has more in a few trains is damage.
  static let mostLabels = 1 << 26

  /// Reads a label of all frames of some trains, at positions in the run.
  public func labels(_ label: Label, trains: Range<Int>) throws(EXDFError) -> FrameLabels {
    let frames = frames
    let perEntry = framesPerEntry
    let first = frames.entries.nextTrain(from: trains.lowerBound).flatMap { frames.entries.location(ofTrain: $0) }
    guard let first, let key = key(of: label) else { return FrameLabels(values: []) }
    let end =
      frames.entries.nextTrain(from: trains.upperBound).flatMap { frames.entries.location(ofTrain: $0)?.firstEntry }
      ?? frames.entries.entries
    guard end > first.firstEntry else { return FrameLabels(values: []) }
    let (count, overflow) = (end - first.firstEntry).multipliedReportingOverflow(by: perEntry)
    guard !overflow, count <= Self.mostLabels else {
      throw .tooLarge(path: run.path, what: "\(name) has \(count) frames, too many to list")
    }
    var labels = FrameLabels(values: [UInt64?](repeating: nil, count: count))
    var conflicts: Set<Int> = []
    for module in modules.indices {
      guard let number = key.numbers[module] else { continue }
      for placement in frames.placements(module: module, index(of: key, module: module), trains: trains) {
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
  public func pulseIDs(ofTrain train: Int) throws(EXDFError) -> [UInt64?] {
    if let known = cache.withLock({ $0.trainLabels[train] }) { return known }
    let values = try labels(.pulse, trains: train..<(train + 1)).values
    cache.withLock { cache in
      if cache.trainLabels.count >= 256 { cache.trainLabels = [:] }
      cache.trainLabels[train] = values
    }
    return values
  }
}

extension Run {
  /// The integers of some rows of a key in one file, one row after the other.
  /// - Throws: ``EXDFError`` where they cannot be read, or are no integers.
  func integers(
    ofKey number: Int, of source: Source, file: Int, rows: Range<Int>
  ) throws(EXDFError) -> [UInt64] {
    let key = keys(of: source)[number]
    var elements = rows.count
    for extent in key.entryShape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 28 else {
        throw .structure(file: files[file].reference.path, reason: "\(key.path) is too large to hold ids")
      }
      elements = product
    }
    return try HDF5Library.withLock { (library) throws(EXDFError) in
      try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) in
        let dataset = try opened.dataset(key.path, library)
        switch try dataset.datatype(library) {
        case .integer, .bitfield: break
        default: throw HDF5Error("read", file: opened.path, object: key.path, reason: "it holds no integers")
        }
        var values = [UInt64](repeating: 0, count: elements)
        try dataset.read(
          start: [rows.lowerBound] + key.entryShape.map { _ in 0 }, count: [rows.count] + key.entryShape,
          as: try MemoryType.uint64(library), into: &values, library)
        return values
      }
    }
  }
}
