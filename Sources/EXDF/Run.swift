internal import Glibc
public import HDF5
internal import Synchronization

/// A run: a directory of HDF5 files in the EXDF format, or one such file.
///
/// Opening it reads METADATA and the train ids of each file, or a valid `karabo_data_map.json` in place of them. Keys, indexes
/// and everything else are read when asked for, and kept. Nothing is ever written.
public final class Run: Sendable {
  /// The directory, or the file, as an absolute path without links.
  public let path: String
  /// Whether it is a directory of files rather than one file.
  public let isDirectory: Bool
  /// The files that can be used, in order of name.
  public let files: [DataFile]
  /// The files that cannot, in order of name.
  public let skippedFiles: [SkippedFile]
  /// Ascending, each once: the union over all files.
  public let trainIDs: [UInt64]
  /// By name; legacy names among them.
  public let sources: [Source]
  public let hdf5: HDF5Files

  /// Whether sources or keys were selected.
  public let isSourceSelection: Bool
  /// Whether trains were selected.
  public let isTrainSelection: Bool
  /// The runs that this one is a union of; itself where it is none.
  public let parts: [RunPart]
  /// Names that the beamline gives to sources and keys.
  public let aliases: Aliases

  let pool: FactPool
  let positionCache = Mutex<[Int: [Int32]]>([:])
  let timesCache = Mutex<TrainTimes?>(nil)

  /// Opens a run.
  ///
  /// - Parameters:
  ///   - hdf5: where its files are asked.
  ///   - include: which files by name, as a glob; nil for all.
  ///   - omissions: given the paths of the run's files before any of them is opened, says of those that are to be left out why.
  ///   - report: told in one sentence of everything that is left out because a file is wrong.
  /// - Throws: ``EXDFError`` where there is no run at `path`, or no file of it can be used; or one of them cannot be read now, which may
  ///   pass.
  public init(
    path: String, hdf5: HDF5Files, include: String? = nil, omissions: ([String]) -> [String: String] = { _ in [:] },
    report: @escaping @Sendable (String) -> Void
  ) throws(EXDFError) {
    guard let resolved = realpath(path, nil) else {
      throw .noSuchRun(path: path, reason: String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    self.hdf5 = hdf5
    pool = FactPool(report: report)
    isSourceSelection = false
    isTrainSelection = false
    parts = [RunPart(path: self.path)]
    aliases = Aliases()
    let listing = try RunListing(path: self.path, include: include)
    isDirectory = listing.isDirectory
    let opened = try listing.openFiles(hdf5, omissions)
    guard !opened.files.isEmpty else {
      throw opened.skipped.first.map { .noUsableFile(directory: path, first: $0) } ?? .noFiles(directory: path)
    }
    for file in opened.skipped { report("\(file.path) is left out: \(file.reason)") }
    files = opened.files
    skippedFiles = opened.skipped
    trainIDs = Self.union(of: opened.files)
    sources = try Self.sources(of: opened.files, path, report)
    // Row positions and node numbers of the tree are kept in fewer bits than Int has.
    guard trainIDs.count < 1 << 26 else {
      throw .tooLarge(path: path, what: "a run of \(trainIDs.count) trains is more than the tree can number")
    }
  }

  /// Another view of the files of a run.
  init(
    _ other: Run, files: [DataFile], skippedFiles: [SkippedFile], trainIDs: [UInt64], sources: [Source],
    isSourceSelection: Bool, isTrainSelection: Bool, parts: [RunPart]? = nil, aliases: Aliases? = nil
  ) {
    path = other.path
    isDirectory = other.isDirectory
    hdf5 = other.hdf5
    pool = other.pool
    self.files = files
    self.skippedFiles = skippedFiles
    self.trainIDs = trainIDs
    self.sources = sources
    self.isSourceSelection = isSourceSelection
    self.isTrainSelection = isTrainSelection
    self.parts = parts ?? other.parts
    self.aliases = aliases ?? other.aliases
  }

  /// The same run with these aliases.
  public func with(_ aliases: Aliases) -> Run {
    Run(
      self, files: files, skippedFiles: skippedFiles, trainIDs: trainIDs, sources: sources,
      isSourceSelection: isSourceSelection, isTrainSelection: isTrainSelection, aliases: aliases)
  }

  /// The position of a train in ``trainIDs``, by bisection.
  public func position(ofTrain train: UInt64) -> Int? {
    let index = firstPosition(notBelow: train)
    return index < trainIDs.count && trainIDs[index] == train ? index : nil
  }

  /// The first position whose train id is not below `train`; the number of trains where there is none.
  public func firstPosition(notBelow train: UInt64) -> Int {
    var low = 0
    var high = trainIDs.count
    while low < high {
      let middle = (low + high) / 2
      if trainIDs[middle] < train { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The source of that name; nil where there is none.
  public func source(named name: String) -> Source? {
    guard let number = sourceNumber(named: name) else { return nil }
    return sources[number]
  }

  /// The position of a source in ``sources``, by bisection.
  public func sourceNumber(named name: String) -> Int? {
    var low = 0
    var high = sources.count
    while low < high {
      let middle = (low + high) / 2
      if sources[middle].name.precedes(name) { low = middle + 1 } else { high = middle }
    }
    return low < sources.count && sources[low].name == name ? low : nil
  }

  /// Says in one sentence what is left out because a file is wrong, once.
  public func report(_ text: String) { pool.report(text) }

  private static func union(of files: [DataFile]) -> [UInt64] {
    // The files of one sequence hold the same trains: most of them need not be looked at twice.
    var lists: Set<[UInt64]> = []
    for file in files { lists.insert(file.contents.trainIDs) }
    var trains: [UInt64] = []
    for list in lists { trains += list }
    trains.sort()
    var unique: [UInt64] = []
    unique.reserveCapacity(trains.count)
    for train in trains where unique.last != train { unique.append(train) }
    return unique
  }

  private static func sources(
    of files: [DataFile], _ path: String, _ report: (String) -> Void
  ) throws(EXDFError) -> [Source] {
    var holders: [SourceKind: [String: [Int]]] = [.control: [:], .instrument: [:]]
    var legacy: [String: String] = [:]
    for (number, file) in files.enumerated() {
      for name in file.contents.controlSources { holders[.control]?[name, default: []].append(number) }
      for name in file.contents.instrumentSources { holders[.instrument]?[name, default: []].append(number) }
      legacy.merge(file.contents.legacySources) { first, _ in first }
    }
    var sources: [Source] = []
    for kind in [SourceKind.control, .instrument] {
      for (name, numbers) in holders[kind] ?? [:] {
        if kind == .instrument, holders[.control]?[name] != nil {
          report("\(name) is both a control and an instrument source; the instrument source is left out")
          continue
        }
        // An old name whose source is not in the run is the only way to the data.
        let target = legacy[name].flatMap { holders[.instrument]?[$0] == nil || $0 == name ? nil : $0 }
        let holdings = numbers.map { Source.Holding(file: $0) }
        sources.append(Source(name: name, kind: kind, holdings: holdings, legacyTarget: target))
      }
    }
    guard sources.count < 1 << 16 else {
      throw .tooLarge(path: path, what: "a run of \(sources.count) sources is more than the tree can number")
    }
    return sources.sorted { $0.name.precedes($1.name) }
  }
}

/// A run of a union.
public struct RunPart: Hashable, Sendable {
  /// The directory, or the file, as an absolute path without links.
  public var path: String
}
