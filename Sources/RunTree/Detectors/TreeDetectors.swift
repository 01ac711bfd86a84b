internal import ArrayIO
public import EXDF
public import RunArrays
internal import Threads

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

/// The detectors of a tree, and their texts that need every frame's ids.
struct TreeDetectors: Sendable {
  let all: [Detector]
  let fills: [String: FillValue]
  /// Made in the background from the first look at them: a run has millions of ids.
  private let slowTexts: [[DetectorFile: MadeText.Cell]]
  private let cxis: [MadeText.Cell]

  init(_ run: Run, _ options: DetectorOptions, report: (String) -> Void) {
    var found = run.detectors(options.selection, report: report).filter { detector in
      // A name is one part of a path; `.raw` can make it too long.
      let fits = detector.name.utf8.count <= FileNames.longest
      if !fits { report("the detector \(detector.name) has no place in the tree: its name is too long") }
      return fits
    }
    if found.count > DetectorNode.mostDetectors {
      report("only \(DetectorNode.mostDetectors) of \(found.count) detectors have a place in the tree")
      found = Array(found.prefix(DetectorNode.mostDetectors))
    }
    all = found
    fills = options.fills
    cxis = found.map { _ in MadeText.Cell() }
    slowTexts = found.map { _ in [.info: MadeText.Cell(), .frames: MadeText.Cell()] }
  }

  func slowText(_ file: DetectorFile, of detector: Int) -> MadeText.Cell? {
    detector < slowTexts.count ? slowTexts[detector][file] : nil
  }

  /// The CXI file of a detector.
  func cxi(of detector: Int) -> MadeText.Cell? { detector < cxis.count ? cxis[detector] : nil }

  func number(named name: String) -> Int? { all.firstIndex { $0.name == name } }
}
