/// A place below `detectors/`. Numbers are positions: of a detector in the tree, of a key in its detector, of a train in the run,
/// of a frame in its train.
public enum DetectorNode: Hashable, Sendable {
  case top
  case detector(Int)
  case file(Int, DetectorFile)
  case keys(Int)
  case key(Int, key: Int)
  case array(Int, key: Int)
  case trains(Int, key: Int)
  case train(Int, key: Int, train: Int)
  case frames(Int, key: Int)
  case frameTrain(Int, key: Int, train: Int)
  case frame(Int, key: Int, train: Int, frame: Int)
}

public enum DetectorFile: UInt8, CaseIterable, Sendable {
  case info, modules, frames, trainIDs, pulseIDs, cellIDs, availability

  var name: String {
    switch self {
    case .info: "info.txt"
    case .modules: "modules.csv"
    case .frames: "frames.csv"
    case .trainIDs: "train_ids.npy"
    case .pulseIDs: "pulse_ids.npy"
    case .cellIDs: "cell_ids.npy"
    case .availability: "availability.npy"
    }
  }
}

/// As a number of 58 bits, which stands above the kind in a ``NodeID``:
///
///     57      45 44           19 18     10 9       4 3        0
///     |  frame  |     train     |   key   | detector | place |
extension DetectorNode {
  /// More detectors, keys of one, or frames of one train than this have no number.
  static let mostDetectors = 1 << 6
  static let mostKeys = 1 << 9
  static let mostFrames = 1 << 13

  private enum Place: UInt64 {
    case top, detector, file, keys, key, array, trains, train, frames, frameTrain, frame
  }

  private static func pack(_ place: Place, _ detector: Int = 0, _ key: Int = 0, _ train: Int = 0, _ frame: Int = 0)
    -> UInt64
  {
    place.rawValue | UInt64(detector) << 4 | UInt64(key) << 10 | UInt64(train) << 19 | UInt64(frame) << 45
  }

  var packed: UInt64 {
    switch self {
    case .top: Self.pack(.top)
    case .detector(let detector): Self.pack(.detector, detector)
    case .file(let detector, let file): Self.pack(.file, detector, Int(file.rawValue))
    case .keys(let detector): Self.pack(.keys, detector)
    case .key(let detector, let key): Self.pack(.key, detector, key)
    case .array(let detector, let key): Self.pack(.array, detector, key)
    case .trains(let detector, let key): Self.pack(.trains, detector, key)
    case .train(let detector, let key, let train): Self.pack(.train, detector, key, train)
    case .frames(let detector, let key): Self.pack(.frames, detector, key)
    case .frameTrain(let detector, let key, let train): Self.pack(.frameTrain, detector, key, train)
    case .frame(let detector, let key, let train, let frame): Self.pack(.frame, detector, key, train, frame)
    }
  }

  init?(packed: UInt64) {
    let detector = Int(packed >> 4 & 0x3F)
    let key = Int(packed >> 10 & 0x1FF)
    let train = Int(packed >> 19 & 0x3FF_FFFF)
    let frame = Int(packed >> 45)
    switch Place(rawValue: packed & 15) {
    case .top: self = .top
    case .detector: self = .detector(detector)
    case .file:
      guard let file = DetectorFile(rawValue: UInt8(truncatingIfNeeded: key)) else { return nil }
      self = .file(detector, file)
    case .keys: self = .keys(detector)
    case .key: self = .key(detector, key: key)
    case .array: self = .array(detector, key: key)
    case .trains: self = .trains(detector, key: key)
    case .train: self = .train(detector, key: key, train: train)
    case .frames: self = .frames(detector, key: key)
    case .frameTrain: self = .frameTrain(detector, key: key, train: train)
    case .frame: self = .frame(detector, key: key, train: train, frame: frame)
    case nil: return nil
    }
  }

  /// The detector it belongs to; nil for the directory of all.
  var detector: Int? {
    switch self {
    case .top: nil
    case .detector(let detector), .file(let detector, _), .keys(let detector), .key(let detector, _),
      .array(let detector, _), .trains(let detector, _), .train(let detector, _, _), .frames(let detector, _),
      .frameTrain(let detector, _, _), .frame(let detector, _, _, _):
      detector
    }
  }

  /// The key it belongs to.
  var key: Int? {
    switch self {
    case .key(_, let key), .array(_, let key), .trains(_, let key), .train(_, let key, _), .frames(_, let key),
      .frameTrain(_, let key, _), .frame(_, let key, _, _):
      key
    default: nil
    }
  }

  var train: Int? {
    switch self {
    case .train(_, _, let train), .frameTrain(_, _, let train), .frame(_, _, let train, _): train
    default: nil
    }
  }

  var kind: EntryKind {
    switch self {
    case .top, .detector, .keys, .key, .trains, .frames, .frameTrain: .directory
    case .file, .array, .train, .frame: .file
    }
  }
}
