internal import ArrayIO
internal import EXDF
internal import HDF5
internal import Reports
internal import RunArrays

/// `info.txt`: what a detector is like, and what is wrong with it. Needs every frame's ids, of which a run has millions.
struct DetectorInfo: DetectorFile {
  let name = "info.txt"

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    let (own, arrays) = (detector.detector, detector.tree.arrays)
    return detector.tree.generated.background { () throws(ReadError) in try DetectorReports.info(of: own, in: arrays) }
  }
}

/// `modules.csv`: one row for each module.
struct DetectorModules: DetectorFile {
  let name = "modules.csv"

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    let own = detector.detector
    return detector.tree.generated.cheap { () throws(ReadError) in try DetectorReports.modules(of: own) }
  }
}

/// `frames.csv`: one row for each frame.
struct DetectorFrames: DetectorFile {
  let name = "frames.csv"

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    let own = detector.detector
    return detector.tree.generated.background { () throws(ReadError) in try DetectorReports.frames(of: own) }
  }
}

/// `train_ids.npy`: the train of each frame.
struct DetectorTrainIDs: DetectorFile {
  let name = "train_ids.npy"

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    .array(
      ArrayContent { () throws(TreeError) in
        TrainIDArray(
          of: try reading { () throws(ReadError) in try detector.detector.frameIndex }, in: detector.tree.run)
      })
  }
}

/// `pulse_ids.npy`: the pulse of each frame.
struct DetectorPulseIDs: DetectorFile {
  let name = "pulse_ids.npy"

  func isListed(in detector: TreeDetector) throws(TreeError) -> Bool {
    try reading { () throws(ReadError) in try detector.detector.key(of: .pulse) != nil }
  }

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    .array(
      ArrayContent { () throws(TreeError) in
        try detector.array { detector throws(ReadError) in try FrameLabelArray(.pulse, of: detector) }
      })
  }
}

/// `cell_ids.npy`: the memory cell of each frame.
struct DetectorCellIDs: DetectorFile {
  let name = "cell_ids.npy"

  func isListed(in detector: TreeDetector) throws(TreeError) -> Bool {
    try reading { () throws(ReadError) in try detector.detector.key(of: .cell) != nil }
  }

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    .array(
      ArrayContent { () throws(TreeError) in
        try detector.array { detector throws(ReadError) in try FrameLabelArray(.cell, of: detector) }
      })
  }
}

/// `availability.npy`: which module has recorded which frame.
struct DetectorAvailability: DetectorFile {
  let name = "availability.npy"

  func content(of detector: TreeDetector) throws(TreeError) -> Content {
    .array(
      ArrayContent { () throws(TreeError) in
        try detector.array { detector throws(ReadError) in try AvailabilityArray(of: detector) }
      })
  }
}
