internal import HDF5
internal import Synchronization

extension Run {
  /// One run of all the sources and trains of this one and others, as `run.union(others)`.
  ///
  /// What was selected of each stays selected: EXtra-data forgets it (SELECTION.md, 2.6). Of a train that a source has in two files the
  /// first file in order of name counts, and that is reported when the source is read.
  public func union(_ others: [Run]) -> Run { Self.joined([self] + others) { _, _ in true } }

  /// Runs laid over each other, as `open_run(data=[...])`: a later one replaces whole sources of those before it.
  ///
  /// - Parameter runs: at least one.
  public static func overlay(_ runs: [Run]) -> Run {
    var last: [String: Int] = [:]
    for (number, run) in runs.enumerated() { for source in run.sources { last[source.name] = number } }
    let known = last
    return joined(runs) { number, source in known[source.name] == number }
  }

  private static func joined(_ parts: [Run], _ isWanted: (Int, Source) -> Bool) -> Run {
    let first = parts[0]
    guard parts.count > 1 else { return first }
    let files = Self.files(of: parts)
    var numbers: [String: Int] = [:]
    for (number, file) in files.enumerated() { numbers[file.reference.path] = number }
    var holdings: [SourceID: [Source.Holding]] = [:]
    var legacy: [String: String] = [:]
    for (number, part) in parts.enumerated() {
      let trains = part.isTrainSelection ? TrainSet(sorted: part.trainIDs) : nil
      for source in part.sources where isWanted(number, source) {
        if let target = source.legacyTarget { legacy[source.name] = target }
        for var holding in source.holdings {
          holding.file = numbers[part.files[holding.file].reference.path] ?? 0
          holding.trains = Self.both(holding.trains, trains)
          add(holding, to: &holdings[source.id, default: []])
        }
      }
    }
    var sources: [Source] = []
    for (id, list) in holdings {
      if id.kind == .instrument, holdings[SourceID(kind: .control, name: id.name)] != nil {
        first.report("\(id.name) is both a control and an instrument source; the instrument source is left out")
        continue
      }
      let ordered = list.enumerated().sorted { ($0.element.file, $0.offset) < ($1.element.file, $1.offset) }.map(
        \.element)
      let target = legacy[id.name].flatMap { holdings[SourceID(kind: .instrument, name: $0)] == nil ? nil : $0 }
      sources.append(Source(name: id.name, kind: id.kind, holdings: ordered, legacyTarget: target))
    }
    let trains = Set(parts.flatMap(\.trainIDs)).sorted()
    return Run(
      first, files: files, skippedFiles: parts.flatMap(\.skippedFiles).sorted { $0.path.precedes($1.path) },
      trainIDs: trains, sources: sources.sorted { $0.name.precedes($1.name) },
      isSourceSelection: parts.contains { $0.isSourceSelection }, isTrainSelection: false, parts: parts.flatMap(\.parts)
    )
  }

  /// All files by name, each once.
  private static func files(of parts: [Run]) -> [DataFile] {
    var paths: Set<String> = []
    let files = parts.flatMap(\.files).filter { paths.insert($0.reference.path).inserted }
    return files.sorted {
      ($0.name, $0.reference.path) == ($1.name, $1.reference.path)
        ? false
        : $0.name == $1.name ? $0.reference.path.precedes($1.reference.path) : $0.name.precedes($1.name)
    }
  }

  /// What two parts have of the same trains of a file is put together.
  private static func add(_ holding: Source.Holding, to list: inout [Source.Holding]) {
    let same = list.firstIndex {
      $0.file == holding.file && $0.trains == holding.trains && $0.isWithoutSuspect == holding.isWithoutSuspect
    }
    guard let same else {
      list.append(holding)
      return
    }
    if let known = list[same].keys, let keys = holding.keys {
      list[same].keys = known.union(keys)
    } else {
      list[same].keys = nil
    }
  }

  private static func both(_ first: TrainSet?, _ second: TrainSet?) -> TrainSet? {
    guard let first, let second else { return first ?? second }
    return TrainSet(sorted: first.trainIDs.filter { second.contains($0) })
  }
}
