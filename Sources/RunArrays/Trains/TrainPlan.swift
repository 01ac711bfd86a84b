internal import ArrayIO
internal import EXDF
public import HDF5
internal import NPY

/// What each train of a run is made of: sources, and where the values of their keys come from.
///
/// A source of the plan is one of the run, or a detector whose modules are put together under one name.
public struct TrainPlan: Sendable {
  /// One source, under the name that it has in the trains.
  public struct Source: Sendable {
    public var name: String
    var contents: Contents
  }

  enum Contents: Sendable {
    /// Keys by their position in the run's list.
    case keys([(number: Int, name: String)], of: EXDF.Source)
    case detector(JoinedDetector)
  }

  let arrays: RunArrays
  /// By name.
  public private(set) var sources: [Source] = []
  /// No train has more bytes of values.
  public private(set) var mostBytes = 0

  /// How the modules of detectors come.
  public enum Modules: Sendable {
    /// Each as a source of its own.
    case apart
    /// As one source for each detector, with the axes of the files or those of the online stream.
    case joined(onlineAxes: Bool)
  }

  /// - Parameter report: told in one sentence of everything that is left out.
  /// - Throws: ``HDF5/ReadError``.
  public init(
    _ arrays: RunArrays, modules: Modules = .apart, report: @escaping (String) -> Void
  ) throws(ReadError) {
    self.arrays = arrays
    let run = arrays.run
    try run.loadRows(of: run.sources)
    var joined: Set<String> = []
    if case .joined(let onlineAxes) = modules {
      for detector in run.detectors(DetectorSelection(), report: report) where !detector.type.hasCells {
        let whole = try JoinedDetector(detector, arrays, onlineAxes: onlineAxes)
        guard !whole.keys.allSatisfy(\.isEmpty) else { continue }
        joined.formUnion(detector.modules.map(\.source.name))
        sources.append(Source(name: "\(detector.name)/DET/APPEND", contents: .detector(whole)))
        try add(whole)
      }
    }
    for source in run.sources where !joined.contains(source.name) {
      // The old names of modules that have been put together are these modules.
      if let target = source.legacyTarget, joined.contains(target) { continue }
      var keys: [(number: Int, name: String)] = []
      for (number, key) in try run.keys(of: source).enumerated() {
        if let reason = arrays.obstacle(to: key) {
          report("\(source.name), \(key.name) is left out: \(reason)")
          continue
        }
        keys.append((number, key.name))
        try add(number, of: source)
      }
      sources.append(Source(name: source.name, contents: .keys(keys, of: source)))
    }
    sources.sort { $0.name.precedes($1.name) }
  }

  private mutating func add(_ whole: JoinedDetector) throws(ReadError) {
    for stack in whole.stacks {
      let layout = try arrays.layout(of: stack, of: whole.detector)
      let entries = try whole.detector.frames.entries.mostEntries
      grow(by: entries, layout.size)
    }
    for (module, keys) in zip(whole.detector.modules, whole.keys) {
      for key in keys { try add(key.number, of: module.source) }
    }
  }

  private mutating func add(_ number: Int, of source: EXDF.Source) throws(ReadError) {
    let index = try arrays.run.index(ofKey: number, of: source)
    guard index.mostEntries > 0 else { return }
    let entry = try arrays.entry(ofKey: number, of: source)
    guard let description = ArrayDescription(element: entry.element, shape: entry.shape) else { return }
    grow(by: index.mostEntries, description.dataSize)
  }

  private mutating func grow(by count: Int, _ size: Int) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    mostBytes = overflow || bytes > 1 << 62 - mostBytes ? 1 << 62 : mostBytes + bytes
  }
}
