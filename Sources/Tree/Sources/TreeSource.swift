internal import ArrayIO
internal import EXDF
internal import HDF5
internal import Reports
internal import RunArrays

/// A source of a run's tree.
struct TreeSource: Sendable {
  let tree: RunTree
  /// Its position among the run's sources.
  let number: Int

  init(_ tree: RunTree, _ number: Int) {
    self.tree = tree
    self.number = number
  }

  var source: Source { tree.run.sources[number] }
  var modified: Time { tree.modified(files: source.files) }

  /// Its keys, as far as there are positions for them and the trains of each.
  /// - Throws: ``TreeError``.
  func keys() throws(TreeError) -> ArraySlice<Key> {
    let most = min(Self.mostKeys, NodeTable.mostPositions / max(1, tree.run.trainIDs.count))
    return try reading { () throws(ReadError) in try tree.run.keys(of: source).prefix(most) }
  }

  static let mostKeys = 1 << 16

  /// The position of a key by the name of its directory.
  /// - Throws: ``TreeError``.
  func keyNumber(named name: String) throws(TreeError) -> Int? {
    let keys = try keys()
    return bisect(keys.count) { FileNames.encode(keys[$0].name).precedes(name) }
      .flatMap { FileNames.encode(keys[$0].name) == name ? $0 : nil }
  }

  func key(_ number: Int) -> TreeKey { TreeKey(source: self, number: number) }
}

/// A key of a source of a run's tree.
struct TreeKey: Sendable {
  let source: TreeSource
  /// Its position among the keys of its source.
  let number: Int

  private var arrays: RunArrays { source.tree.arrays }
  private var run: Run { source.tree.run }

  /// Whether the source has a key of that number.
  func exists() throws(TreeError) -> Bool { try number < source.keys().count }

  func key() throws(TreeError) -> Key {
    let keys = try source.keys()
    guard number < keys.count else { throw .notFound(reason: nil) }
    return keys[number]
  }

  /// Which of its rows hold which train.
  func index() throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try run.index(ofKey: number, of: source.source) }
  }

  /// The same for every train with data, those too that are not in the key's array.
  func wholeIndex() throws(TreeError) -> TrainIndex {
    try reading { () throws(ReadError) in try run.wholeIndex(ofKey: number, of: source.source) }
  }

  /// Whether it has arrays at all.
  func hasArray() throws(TreeError) -> Bool { arrays.obstacle(to: try key()) == nil }

  func hasData(inTrain train: Int) throws(TreeError) -> Bool {
    guard train < run.trainIDs.count else { return false }
    return try wholeIndex().location(ofTrain: train) != nil
  }

  /// All entries.
  func wholeArray() -> ArrayContent {
    ArrayContent(
      describe: { () throws(TreeError) in
        try with { arrays, source throws(ReadError) in try arrays.description(ofKey: number, of: source) }
      },
      open: { () throws(TreeError) in
        try with { arrays, source throws(ReadError) in try arrays.array(ofKey: number, of: source) }
      })
  }

  /// The entries of a train.
  func array(ofTrain train: Int) -> ArrayContent {
    ArrayContent(
      describe: { () throws(TreeError) in
        guard train < run.trainIDs.count else { throw .notFound(reason: nil) }
        let description = try with { arrays, source throws(ReadError) in
          try arrays.description(ofKey: number, of: source, train: train)
        }
        guard let description else { throw .notFound(reason: nil) }
        return description
      },
      open: { () throws(TreeError) in
        guard train < run.trainIDs.count else { throw .notFound(reason: nil) }
        let array = try with { arrays, source throws(ReadError) in
          try arrays.array(ofKey: number, of: source, train: train)
        }
        guard let array else { throw .notFound(reason: nil) }
        return array
      })
  }

  /// The entries of the trains at these positions.
  func array(ofTrains trains: Range<Int>) throws(TreeError) -> any ArraySource {
    try with { arrays, source throws(ReadError) in try arrays.array(ofKey: number, of: source, trains: trains) }
  }

  /// What `make` makes of a key that has arrays.
  private func with<Made>(_ make: (RunArrays, Source) throws(ReadError) -> Made) throws(TreeError) -> Made {
    guard try exists(), try hasArray() else { throw .notFound(reason: nil) }
    return try reading { () throws(ReadError) in try make(arrays, source.source) }
  }

  /// The attributes of its dataset, and what says which key it is.
  func extendedAttributes() throws(TreeError) -> [String: String] {
    let key = try key()
    var texts: [String: String] = [:]
    let attributes = try reading { () throws(ReadError) in try run.attributes(of: key, in: source.source) }
    for (name, value) in attributes { texts[name] = KeyReports.text(of: value) }
    texts["source"] = source.source.name
    texts["key"] = key.name
    texts["units"] = Run.units(in: attributes)
    return texts
  }
}
