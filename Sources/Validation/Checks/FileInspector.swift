internal import HDF5

/// Looks at one file, in one visit. Runs in a process that may die of it (``ReaderProcess``).
struct FileInspector {
  let options: ValidationOptions
  /// The path that problems name: EXtra-data has it absolute once a file is open.
  let path: String

  private(set) var problems: [Problem] = []
  var trainIDs: [UInt64] = []
  var trainsWithData: [String: Int] = [:]
  var keys: [String: SourceKeys] = [:]
  /// INDEX/trainId as it is, zeros included.
  var rows: [UInt64] = []
  /// Of the file, in bytes.
  private(set) var fileSize: UInt64 = 0

  private init(_ path: String, _ options: ValidationOptions) {
    self.path = path
    self.options = options
  }

  /// - Parameter path: how the user has named it; a file that cannot be opened is reported by that name, as EXtra-data does.
  static func inspect(_ path: String, _ options: ValidationOptions) -> FileFindings {
    HDF5Library.withLock { library in
      HDF5Library.openingByPath(only: options.followsLinks ? nil : path, library) { inspect(path, options, library) }
    }
  }

  private static func inspect(
    _ path: String, _ options: ValidationOptions, _ library: borrowing HDF5Library
  ) -> FileFindings {
    var inspector = FileInspector(AbsolutePath.of(path), options)
    do throws(OpeningFailure) {
      // Of an earlier file.
      _ = library.takeErrno()
      let file = try OpeningFailure.open(path, library)
      let header = try FileHeader(file, library)
      inspector.fileSize = FileIdentity(path: path).map { UInt64(clamping: $0.size) } ?? 0
      inspector.check(file, header, library)
      // What libhdf5 makes of a read that failed is not to be believed.
      if let errno = library.takeErrno() { throw .access(errno: errno) }
      let contents = FileContentsSummary(
        trainIDs: header.trainIDs, controlSources: header.controlSources, instrumentSources: header.instrumentSources,
        trainsWithData: inspector.trainsWithData, keys: inspector.keys)
      return FileFindings(problems: inspector.problems, contents: contents)
    } catch {
      let failure = library.takeErrno().map { OpeningFailure.access(errno: $0) } ?? error
      return FileFindings(problems: [failure.problem(path)], contents: nil, mayPass: failure.mayPass)
    }
  }

  private mutating func check(_ file: borrowing File, _ header: FileHeader, _ library: borrowing HDF5Library) {
    trainIDs = header.trainIDs
    rows = header.rows
    if options.includes(.trainIDsNonzero) { add(TrainIDChecks.nonzero(rows)) }
    if options.includes(.trainIDsOrder) { add(TrainIDChecks.order(trainIDs)) }
    for source in header.controlSources { checkControl(source, file, library) }
    for source in header.instrumentSources { checkInstrument(source, file, library) }
  }

  /// The datasets of a source; nil, and a problem, where it has no group or cannot be listed.
  mutating func dataKeys(
    of section: String, _ file: borrowing File, _ library: borrowing HDF5Library
  ) -> [VisitedDataset]? {
    guard file.kind(of: section, library) == .group else {
      add(.structure, "Source is listed in METADATA, but has no data group", dataset: section)
      return nil
    }
    do throws(HDF5Error) {
      return try file.visitedDatasets(below: section, library)
    } catch {
      add(.structure, "Source cannot be listed", dataset: section, error: error)
      return nil
    }
  }

  /// Notes what a dataset is, to be compared with those of other files.
  mutating func note(
    _ dataset: borrowing Dataset, _ path: String, of source: String, trains: Int, _ library: borrowing HDF5Library
  ) throws(HDF5Error) {
    guard options.includes(.keyForms) else { return }
    let shape = try dataset.shape(library)
    let form = SourceKeys.Form(
      path: path, type: try dataset.datatype(library).asNumPySeesIt.name, shape: Array(shape.dropFirst()))
    keys[source, default: SourceKeys()].forms.append(form)
    // Without rows it has no entries, whatever INDEX says.
    keys[source]?.trains.append(shape.first == 0 ? 0 : trains)
  }

  mutating func add(_ found: [Problem]) {
    for var problem in found {
      problem.attributes["file"] = path
      problems.append(problem)
    }
  }

  mutating func add(_ check: ValidationCheck, _ message: String, dataset: String, error: HDF5Error? = nil) {
    guard options.includes(check) else { return }
    var attributes = ["dataset": dataset]
    if let error { attributes["error"] = error.reason }
    add([Problem(check, message, attributes)])
  }

  /// Reads `first` and `count` of an index group, or computes `count` as the files of 2017 want it.
  ///
  /// What EXtra-data would die of is reported.
  /// - Returns: nil where there is no such group, or nothing that can be checked.
  mutating func index(
    _ path: String, _ file: borrowing File, _ library: borrowing HDF5Library
  ) -> IndexColumns? {
    guard file.kind(of: path, library) == .group else {
      add(.structure, "Source is listed in METADATA, but has no INDEX group", dataset: path)
      return nil
    }
    do throws(HDF5Error) {
      let first = try file.dataset("\(path)/first", library).integers(library)
      if file.exists("\(path)/count", library) {
        return IndexColumns(first: first, count: try file.dataset("\(path)/count", library).integers(library))
      }
      let last = try file.dataset("\(path)/last", library).integers(library)
      let status = try file.dataset("\(path)/status", library).integers(library)
      guard first.shape == last.shape, first.shape == status.shape else {
        add(.structure, "Index first, last & status have different number of entries", dataset: path)
        return nil
      }
      // Wrapping, as numpy does it.
      let counts = first.bits.indices.map { (last.bits[$0] &- first.bits[$0] &+ 1) &* status.bits[$0] }
      return IndexColumns(first: first, count: IntegerColumn(shape: first.shape, bits: counts, isSigned: false))
    } catch {
      add(.structure, "Index cannot be read", dataset: path, error: error)
      return nil
    }
  }

  /// Where the rows of the file's trains end; nil where that cannot be said, which is reported.
  mutating func largestEnd(_ index: IndexColumns, _ path: String) -> UInt64? {
    let (first, count) = (index.first.shape, index.count.shape)
    guard first.count == 1, count.count == 1 else { return nil }
    let trains = trainIDs.count
    // EXtra-data cuts both to the number of trains, and dies if they then differ; what they have in common can be checked.
    return index.largestEnd(rows: min(trains, first[0], count[0]))
  }

  /// The trains of the file in which an index group has data.
  func trainsWithData(_ index: IndexColumns) -> Int {
    let rows = min(rows.count, index.count.bits.count)
    var number = 0
    for row in 0..<rows where self.rows[row] != 0 && index.count.bits[row] != 0 { number += 1 }
    return number
  }
}
