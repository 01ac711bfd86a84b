public import HDF5
internal import Synchronization

extension FileContents {
  /// Reads METADATA and INDEX/trainId.
  ///
  /// - Throws: ``EXDFError`` where either is missing, or METADATA names a category that nobody knows: EXtra-data refuses the
  ///   same files (EXDF.md 2.2).
  static func read(
    _ file: borrowing File, _ library: borrowing HDF5Library
  ) throws(EXDFError) -> (contents: FileContents, version: FormatVersion, rows: TrainRows) {
    let version = try formatVersion(file, library)
    guard file.kind(of: "INDEX/trainId", library) == .dataset else {
      throw .structure(file: file.path, reason: "INDEX/trainId dataset not found")
    }
    let sourcesPath = version.isNested ? "METADATA/dataSources/dataSourceId" : "METADATA/dataSourceId"
    guard file.kind(of: sourcesPath, library) == .dataset else {
      throw .structure(file: file.path, reason: "\(sourcesPath) not found")
    }
    let rows: TrainRows
    let identifiers: [[UInt8]]
    do throws(HDF5Error) {
      rows = TrainRows(try file.dataset("INDEX/trainId", library).uint64s(library))
      identifiers = try file.dataset(sourcesPath, library).strings(library)
    } catch {
      throw .hdf5(error)
    }
    let (control, instrument) = try sources(identifiers, file.path)
    var legacy: [String: String] = [:]
    for source in instrument {
      if case .soft(let target)? = file.link(at: "INSTRUMENT/\(source)", library) {
        // "/INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/0CH0:output" -> what follows the section.
        let path = target.drop { $0 == "/" }
        if let slash = path.firstIndex(of: "/") { legacy[source] = String(path[path.index(after: slash)...]) }
      }
    }
    let contents = FileContents(
      trainIDs: rows.trainIDs.filter { $0 != 0 }, controlSources: control, instrumentSources: instrument,
      legacySources: legacy)
    return (contents, version, rows)
  }

  private static func formatVersion(
    _ file: borrowing File, _ library: borrowing HDF5Library
  ) throws(EXDFError) -> FormatVersion {
    let path = "METADATA/dataFormatVersion"
    guard file.kind(of: path, library) == .dataset else { return .unversioned }
    do throws(HDF5Error) {
      guard let text = try file.dataset(path, library).strings(library).first else { return .unversioned }
      return FormatVersion(String(decoding: text, as: UTF8.self))
    } catch {
      throw .hdf5(error)
    }
  }

  /// `CONTROL/<device>`, or `INSTRUMENT/<device>:<channel>/<group>`, which has a row for each of its index groups.
  private static func sources(
    _ identifiers: [[UInt8]], _ path: String
  ) throws(EXDFError) -> (control: [String], instrument: [String]) {
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
      case let category:
        throw .structure(file: path, reason: "Unknown data category '\(category)'")
      }
    }
    return (control.sorted(), instrument.sorted())
  }
}

extension DataFile {
  /// The rows of INDEX/trainId; read again where the run was opened by its map, which does not keep the zeros.
  func rows(_ files: FilePool, _ library: borrowing HDF5Library) throws(EXDFError) -> TrainRows {
    if let rows = cache.withLock({ $0.rows }) { return rows }
    let rows = TrainRows(
      try read(files, library) { (file, library) throws(HDF5Error) in
        try file.dataset("INDEX/trainId", library).uint64s(library)
      })
    cache.withLock { $0.rows = rows }
    return rows
  }

  /// The format version.
  public func version(_ files: FilePool, _ library: borrowing HDF5Library) throws(EXDFError) -> FormatVersion {
    if let version = cache.withLock({ $0.version }) { return version }
    let version = try read(files, library) { (file, library) throws(HDF5Error) -> FormatVersion in
      let path = "METADATA/dataFormatVersion"
      guard file.kind(of: path, library) == .dataset,
        let text = try file.dataset(path, library).strings(library).first
      else { return .unversioned }
      return FormatVersion(String(decoding: text, as: UTF8.self))
    }
    cache.withLock { $0.version = version }
    return version
  }

  /// INDEX/timestamp by row: nanoseconds since 1970 UTC, 0 where unknown. Empty in format 0.5.
  func timestamps(_ files: FilePool, _ library: borrowing HDF5Library) throws(EXDFError) -> [UInt64] {
    if let timestamps = cache.withLock({ $0.timestamps }) { return timestamps }
    let count = try rows(files, library).trainIDs.count
    let timestamps = try read(files, library) { (file, library) throws(HDF5Error) -> [UInt64] in
      guard file.kind(of: "INDEX/timestamp", library) == .dataset else { return [] }
      return try file.dataset("INDEX/timestamp", library).uint64s(limit: count, library)
    }
    cache.withLock { $0.timestamps = timestamps }
    return timestamps
  }

  /// Which rows hold trains that the time server sent (EXDF.md 2.4).
  func validity(_ files: FilePool, _ library: borrowing HDF5Library) throws(EXDFError) -> [Bool] {
    if let validity = cache.withLock({ $0.validity }) { return validity }
    let rows = try rows(files, library)
    let version = try version(files, library)
    let flags = try read(files, library) { (file, library) throws(HDF5Error) -> [Int32]? in
      guard version.isNested, file.kind(of: "INDEX/flag", library) == .dataset else { return nil }
      return try file.dataset("INDEX/flag", library).int32s(limit: rows.trainIDs.count, library)
    }
    var validity: [Bool]
    if let flags {
      validity = flags.map { ($0 != 0) != version.hasInvertedFlag }
      validity += [Bool](repeating: true, count: rows.trainIDs.count - validity.count)
    } else {
      validity = TrainValidity.guessed(rows.trainIDs)
    }
    cache.withLock { $0.validity = validity }
    return validity
  }

  /// Gives `body` the open file.
  func read<R>(
    _ files: FilePool, _ library: borrowing HDF5Library,
    _ body: (borrowing File, borrowing HDF5Library) throws(HDF5Error) -> R
  ) throws(EXDFError) -> R {
    do throws(HDF5Error) {
      return try files.withFile(reference, library, body)
    } catch {
      throw .hdf5(error)
    }
  }
}
