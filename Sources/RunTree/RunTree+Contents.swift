public import ArrayIO
internal import EXDF
internal import NPY
internal import Reports
internal import RunArrays
internal import Threads

extension RunTree {
  /// The bytes of a file.
  ///
  /// A report that is still being made is waited for.
  /// - Throws: ``TreeError``; what cannot be read later fails in ``ArrayIO/ByteSource/read(at:into:)``.
  public func open(_ node: Node) throws(TreeError) -> any ByteSource {
    try check(node)
    guard kind(of: node) == .file else { throw .isADirectory }
    if mayChange(node) { return try open(node) { false } }
    if case .rootFile(let file) = node, let table = tables[file] {
      return BytesSource(table.value { self.table(file) })
    }
    if let (text, make) = slowFile(node) {
      do throws(ArrayError) {
        return BytesSource(try text.value(make).get())
      } catch {
        throw .unreadable(error)
      }
    }
    if let array = try array(of: node) { return NPYSource(array) }
    do throws(ArrayError) {
      return BytesSource(try texts.text(of: node) { () throws(ArrayError) in try text(of: node) })
    } catch {
      throw .unreadable(error)
    }
  }

  /// A file that is made in the background as a whole, and how.
  func slowFile(
    _ node: Node
  ) -> (file: TreeDetectors.Text, make: @Sendable () -> Result<[UInt8], ArrayError>)? {
    switch node {
    case .detector(let place): slowText(place)
    case .export(let place): export(place)
    default: nil
    }
  }

  /// The array of a `.npy` node; nil for a text.
  private func array(of node: Node) throws(TreeError) -> (any ArraySource)? {
    switch node {
    case .rootFile(.trainIDs): return TrainIDArray(of: run)
    case .keyFile(let source, let key, .trainIDs):
      guard isValid(source: source, key: key) else { throw .notFound(reason: nil) }
      return TrainIDArray(of: run.index(ofKey: key, of: run.sources[source]), in: run)
    case .keyFile(let source, let key, .array):
      return try make(source, key) { arrays, source throws(ArrayError) in
        try arrays.array(ofKey: key, of: source)
      }
    case .keyTrain(let source, let key, let train), .trainKey(let train, let source, let key):
      guard isValid(source: source, key: key, train: train) else { throw .notFound(reason: nil) }
      let array = try make(source, key) { arrays, source throws(ArrayError) in
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
    _ source: Int, _ key: Int, _ make: (RunArrays, Source) throws(ArrayError) -> Made
  ) throws(TreeError) -> Made {
    guard isValid(source: source, key: key), hasArray(source, key) else { throw .notFound(reason: nil) }
    do throws(ArrayError) {
      return try make(arrays, run.sources[source])
    } catch {
      throw .unreadable(error)
    }
  }

  func array(of entry: SliceTable.Entry) throws(TreeError) -> any ArraySource {
    let base: any ArraySource
    switch entry.base {
    case .node(let node):
      guard let array = try array(of: node) else { throw .notFound(reason: nil) }
      base = array
    case .trains(let source, let key, let trains):
      base = try make(source, key) { arrays, source throws(ArrayError) in
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

  /// What an entry of the slice table would be as an array: asked for before it gets a number.
  func description(of entry: SliceTable.Entry) throws(Slice.Invalid) -> ArrayDescription {
    do throws(TreeError) {
      return try array(of: entry).description
    } catch {
      throw Slice.Invalid(description: error.description)
    }
  }

  /// Makes one of the tables that need every source.
  func table(_ file: RootFile) -> [UInt8] {
    switch file {
    case .trains: RunTables.trains(of: run)
    case .sources: RunTables.sources(of: run)
    default: RunTables.keys(of: arrays)
    }
  }

  /// Makes a text.
  func text(of node: Node) throws(ArrayError) -> [UInt8] {
    switch node {
    case .rootFile(.readMe): return ReadMe.text(for: run)
    case .rootFile(.infoText): return RunOverview(of: run).text
    case .rootFile(.infoJSON): return RunOverview(of: run).json
    case .sourceFile(let number, let file):
      guard isValid(source: number) else { return [] }
      let source = run.sources[number]
      switch file {
      case .info: return SourceReports.info(of: source, in: arrays)
      case .counts: return SourceReports.counts(of: source, in: run)
      case .table: return try SourceReports.table(of: source, in: arrays)
      case .runValues: return SourceReports.runValues(of: source, in: run)
      }
    case .detector(let place): return detectorText(place)
    case .keyFile(let number, let key, let file):
      guard isValid(source: number, key: key) else { return [] }
      let source = run.sources[number]
      switch file {
      case .info: return KeyReports.info(ofKey: key, of: source, in: arrays)
      case .values: return try KeyReports.values(ofKey: key, of: source, in: arrays)
      default: return KeyReports.counts(run.index(ofKey: key, of: source), in: run)
      }
    default: return []
    }
  }

  func hasValues(_ source: Int, _ key: Int) -> Bool {
    KeyReports.hasValues(key, of: run.sources[source], in: arrays)
  }
}
