internal import Synchronization

extension Run {
  /// What is kept of a source.
  enum Share {
    case none
    /// All that the run has of it.
    case whole
    case keys(Set<String>)
  }

  /// A run of some of the sources, keys and trains of this one.
  ///
  /// Files of which nothing is left are dropped; of a source that no train is left of the first file stays, for its types.
  /// - Parameter trainIDs: ascending, some of the run's; nil for all.
  func restricted(
    trainIDs chosen: [UInt64]? = nil, isSourceSelection: Bool, isWithoutSuspect: Bool = false,
    _ share: (Source) -> Share
  ) -> Run {
    let trains = chosen.map { TrainSet(sorted: $0) }
    let hasTrains = files.map { file in trains.map { file.hasAny(of: $0) } ?? true }
    var kept: [(source: Source, holdings: [Source.Holding])] = []
    for source in sources {
      let keys: Set<String>?
      switch share(source) {
      case .none: continue
      case .whole: keys = nil
      case .keys(let chosen): keys = chosen
      }
      var holdings = source.holdings.filter { hasTrains[$0.file] }
      if holdings.isEmpty { holdings = Array(source.holdings.prefix(1)) }
      for index in holdings.indices {
        if let keys { holdings[index].keys = holdings[index].keys?.intersection(keys) ?? keys }
        if isWithoutSuspect { holdings[index].isWithoutSuspect = true }
      }
      kept.append((source, holdings))
    }
    var numbers = Set(kept.flatMap { $0.holdings.map(\.file) }).sorted()
    // A run without sources still has its trains, and a file that says whose run it is.
    if numbers.isEmpty { numbers = [0] }
    let places = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($0.element, $0.offset) })
    let names = Set(kept.map(\.source.name))
    let restricted = kept.map { source, holdings in
      Source(
        name: source.name, kind: source.kind,
        holdings: holdings.map { holding in
          var holding = holding
          holding.file = places[holding.file] ?? 0
          return holding
        },
        legacyTarget: source.legacyTarget.flatMap { names.contains($0) ? $0 : nil })
    }
    return Run(
      self, files: numbers.map { files[$0] }, skippedFiles: skippedFiles, trainIDs: chosen ?? trainIDs,
      sources: restricted,
      isSourceSelection: isSourceSelection, isTrainSelection: isTrainSelection || chosen != nil)
  }
}

extension DataFile {
  /// Whether it has any of these trains.
  func hasAny(of trains: TrainSet) -> Bool {
    guard let first = trains.trainIDs.first, let last = trains.trainIDs.last else { return false }
    return contents.trainIDs.contains { $0 >= first && $0 <= last && trains.contains($0) }
  }
}
