public import EXDF
public import RunArrays

/// What a user may choose about the detectors of a tree.
public struct DetectorOptions: Sendable {
  public var selection: DetectorSelection
  /// Values for what is missing in the stacked arrays, by key.
  public var fills: [String: FillValue]

  public init(selection: DetectorSelection = DetectorSelection(), fills: [String: FillValue] = [:]) {
    self.selection = selection
    self.fills = fills
  }
}

/// The detectors of a tree.
struct TreeDetectors: Sendable {
  let all: [Detector]
  let fills: [String: FillValue]

  init(_ run: Run, _ options: DetectorOptions, report: (String) -> Void) {
    all = run.detectors(options.selection, report: report).filter { detector in
      // A name is one part of a path; `.raw` can make it too long.
      let fits = FileNames.fits(detector.name)
      if !fits { report("the detector \(detector.name) has no place in the tree: its name is too long") }
      return fits
    }
    fills = options.fills
  }
}
