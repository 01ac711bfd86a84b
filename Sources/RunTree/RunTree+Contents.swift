public import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
internal import Reports
internal import RunArrays

extension RunTree {
  /// The bytes of a file.
  ///
  /// What is still being made is waited for, as long as the current request may wait and has not been interrupted.
  /// - Throws: ``TreeError``; what cannot be read later fails in ``ArrayIO/ByteSource/read(at:into:)``.
  public func open(_ node: Node) throws(TreeError) -> any ByteSource {
    try check(node)
    guard kind(of: node) == .file else { throw .isADirectory }
    if let report = try report(node) { return BytesSource(report) }
    if let text = madeText(node) { return BytesSource(try text.bytes()) }
    if let array = try array(of: node) { return NPYSource(array) }
    return BytesSource(
      try reading { () throws(ReadError) in
        try texts.text(of: node) { () throws(ReadError) in try text(of: node) }
      })
  }

  /// A file that is made in the background as a whole; nil for every other one.
  func madeText(_ node: Node) -> MadeText? {
    switch node {
    case .rootFile(let file): return tables[file].map { cell in table(file, cell) }
    case .detector(let place): return madeText(place)
    case .export(let place): return export(place)
    default: return nil
    }
  }

  /// Begins what takes long and is wanted by whoever goes through the whole run: called at the first look at it.
  func startTables() {
    for file in RootFile.made { madeText(.rootFile(file))?.start() }
    madeText(.export(.run))?.start()
  }

  /// The array of a `.npy` node; nil for a text.
  private func array(of node: Node) throws(TreeError) -> (any ArraySource)? {
    switch node {
    case .rootFile(.trainIDs): return TrainIDArray(of: run)
    case .keyFile(let source, let key, .trainIDs):
      guard try isValid(source: source, key: key) else { throw .notFound(reason: nil) }
      return TrainIDArray(of: try index(source, key), in: run)
    case .keyFile(let source, let key, .array):
      return try make(source, key) { arrays, source throws(ReadError) in
        try arrays.array(ofKey: key, of: source)
      }
    case .keyTrain(let source, let key, let train), .trainKey(let train, let source, let key):
      guard try isValid(source: source, key: key, train: train) else { throw .notFound(reason: nil) }
      let array = try make(source, key) { arrays, source throws(ReadError) in
        try arrays.array(ofKey: key, of: source, train: train)
      }
      guard let array else { throw .notFound(reason: nil) }
      return array
    case .detector(let place): return try detectorArray(place)
    case .slice(let number):
      guard let entry = slices[number] else { throw .notFound(reason: nil) }
      return try array(of: entry)
    default: return nil
    }
  }

  /// What `make` makes of a key that has arrays.
  func make<Made>(
    _ source: Int, _ key: Int, _ make: (RunArrays, Source) throws(ReadError) -> Made
  ) throws(TreeError) -> Made {
    guard try isValid(source: source, key: key), try hasArray(source, key) else { throw .notFound(reason: nil) }
    return try reading { () throws(ReadError) in try make(arrays, run.sources[source]) }
  }

  func array(of entry: SliceTable.Entry) throws(TreeError) -> any ArraySource {
    let base: any ArraySource
    switch entry.base {
    case .node(let node):
      guard let array = try array(of: node) else { throw .notFound(reason: nil) }
      base = array
    case .trains(let source, let key, let trains):
      base = try make(source, key) { arrays, source throws(ReadError) in
        try arrays.array(ofKey: key, of: source, trains: trains)
      }
    case .detectorTrains(let detector, let key, let trains): base = try stack(detector, key, trains: trains)
    }
    guard let slice = entry.slice else { return base }
    do throws(Slice.Invalid) {
      return try SlicedArray(base, slice)
    } catch {
      throw .notFound(reason: "\(error)")
    }
  }

  /// One of the root files that may need any file of the run.
  private func table(_ file: RootFile, _ cell: MadeText.Cell) -> MadeText {
    let arrays = arrays
    return MadeText(cell, progress: progress) { () throws(ReadError) in
      switch file {
      case .readMe: try ReadMe.text(for: arrays.run)
      case .infoText: try RunOverview(of: arrays.run).text
      case .infoJSON: try RunOverview(of: arrays.run).json()
      case .trains: try RunTables.trains(of: arrays.run)
      case .sources: try RunTables.sources(of: arrays.run)
      default: try RunTables.keys(of: arrays)
      }
    }
  }

  /// Makes a text.
  func text(of node: Node) throws(ReadError) -> [UInt8] {
    switch node {
    case .sourceFile(let number, let file):
      guard number < run.sources.count else { return [] }
      let source = run.sources[number]
      switch file {
      case .info: return try SourceReports.info(of: source, in: arrays)
      case .counts: return try SourceReports.counts(of: source, in: run)
      case .table: return try SourceReports.table(of: source, in: arrays)
      case .runValues: return try SourceReports.runValues(of: source, in: run)
      }
    case .detector(let place): return try detectorText(place)
    case .keyFile(let number, let key, let file):
      guard number < run.sources.count else { return [] }
      let source = run.sources[number]
      guard key < (try run.keys(of: source).count) else { return [] }
      switch file {
      case .info: return try KeyReports.info(ofKey: key, of: source, in: arrays)
      case .values: return try KeyReports.values(ofKey: key, of: source, in: arrays)
      default: return try KeyReports.counts(ofKey: key, of: source, in: arrays)
      }
    default: return []
    }
  }

  func hasValues(_ source: Int, _ key: Int) throws(TreeError) -> Bool {
    try reading { () throws(ReadError) in try KeyReports.hasValues(key, of: run.sources[source], in: arrays) }
  }
}
