public import HDF5
internal import Synchronization

/// Which modules and trains of the detectors are wanted.
public struct DetectorSelection: Hashable, Sendable {
  /// Trains with fewer modules are left out.
  public var minModules: Int
  /// By their numbers in the source names; nil for all.
  public var modules: [ClosedRange<Int>]?

  public init(minModules: Int = 1, modules: [ClosedRange<Int>]? = nil) {
    self.minModules = minModules
    self.modules = modules
  }
}

/// A multi-module detector of a run: the modules that are there. What is below its name is read when asked for, and kept.
public final class Detector: Sendable {
  /// One module: a source, and its place in the stack.
  public struct Module: Sendable {
    /// As the source's name has it.
    public var number: Int
    /// Its position along the module axis.
    public var slot: Int
    public var source: Source
  }

  public let run: Run
  public let type: DetectorType
  /// As the tree names it: the detector's own name, with `.raw` where the run has corrected data too.
  public let name: String
  /// As the source names have it.
  public let detectorName: String
  /// By number; never empty.
  public let modules: [Module]
  /// The extent of the module axis: as wide as the detector, whatever is missing.
  public let width: Int
  public let selection: DetectorSelection
  /// What is not as it should be with the modules, one sentence each.
  public let remarks: [String]

  struct Cache {
    var keys: [DetectorKey]?
    var frames: FrameTable?
    var frameIndex: TrainIndex?
    var trainLabels: [Int: [UInt64?]] = [:]
  }
  let cache = Mutex(Cache())

  init(
    _ run: Run, _ type: DetectorType, name: String, detectorName: String, modules: [Module], width: Int,
    _ selection: DetectorSelection, remarks: [String]
  ) {
    self.run = run
    self.type = type
    self.name = name
    self.detectorName = detectorName
    self.modules = modules
    self.width = width
    self.selection = selection
    self.remarks = remarks
  }

  /// Whether its data are as recorded rather than corrected (EXDF.md 4.2).
  public var isRaw: Bool {
    get throws(ReadError) {
      if modules[0].source.name.contains("/CORR/") { return false }
      guard let main = try key(named: type.mainKey) else { return true }
      if type.rawHasExtraAxis { return main.entryShape.count == 3 }
      if case .integer = main.datatype { return true }
      return false
    }
  }

  /// The position of a key in ``keys``.
  public func keyNumber(named name: String) throws(ReadError) -> Int? {
    // Ten keys or so: no bisection.
    try keys.firstIndex { $0.name == name }
  }

  public func key(named name: String) throws(ReadError) -> DetectorKey? { try keys.first { $0.name == name } }

  /// Reads which rows hold which train, of all modules at once.
  public func loadRows() throws(ReadError) { try run.loadRows(of: modules.map(\.source)) }

  /// Which rows of a key's datasets in one module hold which train; empty where the module cannot be stacked.
  public func index(of key: DetectorKey, module: Int) throws(ReadError) -> TrainIndex {
    guard let number = key.numbers[module] else { return TrainIndex() }
    return try run.index(ofKey: number, of: modules[module].source)
  }

  /// Frames in one entry: the cells of a train for JUNGFRAU, else 1.
  public var framesPerEntry: Int {
    get throws(ReadError) {
      guard type.hasCells, let main = try key(named: type.mainKey) else { return 1 }
      return main.entryShape.first ?? 1
    }
  }
}
