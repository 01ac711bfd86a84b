internal import ArrayIO
internal import EXDF
internal import HDF5

/// A detector whose modules are one source of a train: their pixels stacked, everything else from one of them.
struct JoinedDetector: Sendable {
  let detector: Detector
  /// What is stacked, of `image.data`, `image.gain` and `image.mask`.
  let stacks: [DetectorKey]
  /// The other keys of each module.
  let keys: [[(number: Int, name: String)]]
  /// Whether pixels have the axes of the online stream: (modules, fast scan, slow scan, frames).
  let onlineAxes: Bool

  /// What Python's server stacks, too.
  private static let stacked: Set<String> = ["image.data", "image.gain", "image.mask"]

  init(
    _ detector: Detector, _ arrays: RunArrays, onlineAxes: Bool
  ) throws(ReadError) {
    self.detector = detector
    self.onlineAxes = onlineAxes
    var names: Set<String> = []
    var keys: [[(number: Int, name: String)]] = []
    for module in detector.modules {
      var own: [(number: Int, name: String)] = []
      for (number, key) in try arrays.run.keys(of: module.source).enumerated() {
        if Self.stacked.contains(key.name) {
          names.insert(key.name)
        } else if arrays.obstacle(to: key) == nil {
          own.append((number, key.name))
        }
      }
      keys.append(own)
    }
    var stacks: [DetectorKey] = []
    for key in try detector.keys where names.contains(key.name) && arrays.obstacle(to: key) == nil {
      stacks.append(key)
    }
    self.keys = stacks.isEmpty ? keys.map { _ in [] } : keys
    self.stacks = stacks
  }

  /// The smallest module that has data of a train and, where the modules disagree in their number of frames, has all of them; nil
  /// where there is none.
  func reference(train: Int) throws(ReadError) -> Int? {
    guard let main = stacks.first else { return nil }
    let matching = try detector.frames.matchings[train]
    for module in detector.modules.indices {
      guard try detector.index(of: main, module: module).location(ofTrain: train) != nil else { continue }
      if let matching, matching.rows[module].contains(where: { $0 < 0 }) { continue }
      return module
    }
    return nil
  }
}
