internal import HDF5

/// What has to be read of a file to open the run.
struct FileOpening {
  var contents: FileContents
  var version: FormatVersion
  var rows: TrainRows
}

/// Why a file of the run is left out.
enum FileProblem: Error {
  case hdf5(HDF5Error)
  /// Its structure is not that of EXDF.
  case structure(String)

  /// The reason alone: whoever prints it names the file.
  var reason: String {
    switch self {
    case .hdf5(let error): error.reason
    case .structure(let reason): reason
    }
  }
}

extension FileContents {
  /// Reads METADATA and INDEX/trainId.
  ///
  /// - Returns: a problem where either is missing, or METADATA names a category that nobody knows: EXtra-data refuses the same files
  ///   (EXDF.md 2.2).
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  static func read(_ file: FileReference, _ hdf5: HDF5Files) throws(ReadError) -> Result<FileOpening, FileProblem> {
    var batch = QuestionBatch()
    let version = batch.add(StringsQuestion("METADATA/dataFormatVersion"))
    let rows = batch.add(IntegersQuestion("INDEX/trainId"))
    let nested = batch.add(StringsQuestion("METADATA/dataSources/dataSourceId"))
    let flat = batch.add(StringsQuestion("METADATA/dataSourceId"))
    let answers = try hdf5.ask(file, batch)
    let opened: FileOpening
    do throws(FileProblem) {
      let version = try FormatVersion(value(answers[version]))
      guard let column = try value(answers[rows]) else { throw .structure("INDEX/trainId dataset not found") }
      guard let identifiers = try value(answers[version.isNested ? nested : flat]) else {
        throw .structure("METADATA/\(version.isNested ? "dataSources/" : "")dataSourceId not found")
      }
      let (control, instrument) = try sources(identifiers.strings)
      let trains = TrainRows(column.bits)
      let contents = FileContents(
        trainIDs: trains.trainIDs.filter { $0 != 0 }, controlSources: control, instrumentSources: instrument,
        legacySources: [:])
      opened = FileOpening(contents: contents, version: version, rows: trains)
    } catch {
      return .failure(error)
    }
    var complete = opened
    complete.contents.legacySources = try legacySources(among: opened.contents.instrumentSources, file, hdf5)
    return .success(complete)
  }

  private static func value<Answer>(_ answer: Result<Answer, HDF5Error>) throws(FileProblem) -> Answer {
    switch answer {
    case .success(let value): return value
    case .failure(let error): throw .hdf5(error)
    }
  }

  /// The names that are soft links, and the sources they lead to.
  private static func legacySources(
    among names: [String], _ file: FileReference, _ hdf5: HDF5Files
  ) throws(ReadError) -> [String: String] {
    var legacy: [String: String] = [:]
    let links = try hdf5.ask(file, names.map { LinkQuestion("INSTRUMENT/\($0)") })
    for (name, link) in zip(names, links) {
      guard case .success(.soft(let target)?) = link else { continue }
      // "/INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output" -> what follows the section.
      let path = target.drop { $0 == "/" }
      if let slash = path.firstIndex(of: "/") { legacy[name] = String(path[path.index(after: slash)...]) }
    }
    return legacy
  }

  /// `CONTROL/<device>`, or `INSTRUMENT/<device>:<channel>/<group>`, which has a row for each of its index groups.
  private static func sources(
    _ identifiers: [[UInt8]]
  ) throws(FileProblem) -> (control: [String], instrument: [String]) {
    var control: Set<String> = []
    var instrument: Set<String> = []
    for bytes in identifiers where !bytes.isEmpty {
      let identifier = String(decoding: bytes, as: UTF8.self)
      let slash = identifier.firstIndex(of: "/") ?? identifier.endIndex
      let rest = identifier[slash...].dropFirst()
      switch identifier[..<slash] {
      case "CONTROL": control.insert(String(rest))
      case "INSTRUMENT":
        let colon = rest.firstIndex(of: ":") ?? rest.endIndex
        let channel = rest[colon...].dropFirst().prefix { $0 != "/" }
        instrument.insert("\(rest[..<colon]):\(channel)")
      // The virtual row of format 1.1.
      case "Karabo_TimerServer": break
      case let category: throw .structure("Unknown data category '\(category)'")
      }
    }
    return (control.sorted(), instrument.sorted())
  }
}

extension FormatVersion {
  /// From `METADATA/dataFormatVersion`; a file without it is of the first format.
  init(_ strings: StringList?) {
    self = strings?.strings.first.map { FormatVersion(String(decoding: $0, as: UTF8.self)) } ?? .unversioned
  }
}
