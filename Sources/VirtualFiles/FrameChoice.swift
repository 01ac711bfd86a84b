public import EXDF
internal import HDF5

/// Which frames of which trains are wanted of a run's detectors: pairs of a train and a pulse.
public struct FrameChoice: Sendable {
  /// By source and train: the rows, counted from the train's first.
  private var kept: [String: [Int: [Int]]] = [:]
  /// The index group of the frames of each source.
  private var groups: [String: String] = [:]
  /// Pairs that no detector has.
  public private(set) var missing = 0

  /// One frame.
  public struct Pair: Hashable, Sendable {
    public var train: UInt64
    public var pulse: UInt64

    public init(train: UInt64, pulse: UInt64) {
      self.train = train
      self.pulse = pulse
    }
  }

  /// Looks for the frames: by the pulse ids that the tree shows, so that the modules of a train keep the same frames even where their own
  /// ids disagree.
  public init(_ pairs: Set<Pair>, of detectors: [Detector]) throws(VirtualFileError) {
    var byTrain: [UInt64: Set<UInt64>] = [:]
    for pair in pairs { byTrain[pair.train, default: []].insert(pair.pulse) }
    var found: Set<Pair> = []
    for detector in detectors {
      for module in detector.modules {
        groups[module.source.name] = detector.type.group
        kept[module.source.name] = [:]
      }
      for (id, pulses) in byTrain {
        guard let train = detector.run.position(ofTrain: id) else { continue }
        try reading { () throws(ReadError) in try add(train, id, pulses, of: detector, &found) }
      }
    }
    missing = pairs.subtracting(found).count
  }

  private mutating func add(
    _ train: Int, _ id: UInt64, _ pulses: Set<UInt64>, of detector: Detector, _ found: inout Set<Pair>
  ) throws(ReadError) {
    guard let main = try detector.key(named: detector.type.mainKey) else { return }
    let ids = try detector.labels(.pulse, trains: train..<(train + 1)).values
    for (entry, pulse) in ids.enumerated() {
      guard let pulse, pulses.contains(pulse) else { continue }
      found.insert(Pair(train: id, pulse: pulse))
      for (number, module) in detector.modules.enumerated() {
        let index = try detector.index(of: main, module: number)
        guard let location = index.location(ofTrain: train),
          let source = try detector.frames.source(of: entry, train: train, module: number, index)
        else { continue }
        kept[module.source.name]?[train, default: []].append(source - location.firstEntry)
      }
    }
    for module in detector.modules { kept[module.source.name]?[train]?.sort() }
  }

  /// Whether only some entries of a group are wanted.
  func concerns(_ source: Source, _ group: String) -> Bool { groups[source.name] == group }

  /// The rows that are wanted of a train, counted from its first, ascending; nil for all.
  func rows(of source: Source, _ group: String, train: Int) -> [Int]? {
    concerns(source, group) ? kept[source.name]?[train] ?? [] : nil
  }
}
