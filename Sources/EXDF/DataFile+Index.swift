public import HDF5
internal import Synchronization

extension DataFile {
  /// The format version, the trains of its rows, and what else INDEX says of each row.
  ///
  /// Kept once it has been read, what is wrong with it too; what cannot be read now is thrown.
  struct IndexColumns: Sendable {
    var version: FormatVersion
    var rows: TrainRows
    /// Nanoseconds since 1970 UTC, 0 where unknown. Empty in format 0.5.
    var timestamps: [UInt64]
    /// Which rows hold trains that the time server sent (EXDF.md 2.4).
    var validity: [Bool]
    /// Columns that cannot be read: what they would say is left out.
    var problems: [HDF5Error] = []
  }

  /// The rows of INDEX/trainId; read again where the run was opened by its map, which does not keep the zeros.
  func rows(_ hdf5: HDF5Files) throws(ReadError) -> TrainRows {
    if let rows = cache.withLock({ $0.rows }) { return rows }
    guard let column = try hdf5.answer(reference, IntegersQuestion("INDEX/trainId")) else {
      throw .damaged(file: reference.path, object: "INDEX/trainId", reason: "there is no such dataset")
    }
    let rows = TrainRows(column.bits)
    cache.withLock { $0.rows = rows }
    return rows
  }

  /// The format version.
  public func version(_ hdf5: HDF5Files) throws(ReadError) -> FormatVersion {
    if let version = cache.withLock({ $0.version }) { return version }
    let version = FormatVersion(try hdf5.answer(reference, StringsQuestion("METADATA/dataFormatVersion")))
    cache.withLock { $0.version = version }
    return version
  }

  /// Time stamps and flags of all rows; of a file whose INDEX cannot be read, why.
  func columns(_ hdf5: HDF5Files) throws(ReadError) -> Result<IndexColumns, HDF5Error> {
    if let columns = cache.withLock({ $0.columns }) { return columns }
    let columns: Result<IndexColumns, HDF5Error>
    do throws(ReadError) {
      columns = .success(try readColumns(hdf5))
    } catch .damaged(let error) {
      columns = .failure(error)
    }
    cache.withLock { $0.columns = columns }
    return columns
  }

  private func readColumns(_ hdf5: HDF5Files) throws(ReadError) -> IndexColumns {
    let rows = try rows(hdf5)
    let version = try version(hdf5)
    let count = rows.trainIDs.count
    var columns = IndexColumns(version: version, rows: rows, timestamps: [], validity: [])
    var batch = QuestionBatch()
    let stamps = batch.add(IntegersQuestion("INDEX/timestamp", limit: count))
    let flags = batch.add(IntegersQuestion("INDEX/flag", limit: count))
    let answers = try hdf5.ask(reference, batch)
    switch answers[stamps] {
    case .success(let column): columns.timestamps = column?.bits ?? []
    case .failure(let error): columns.problems.append(error)
    }
    guard version.isNested else {
      columns.validity = TrainValidity.guessed(rows.trainIDs)
      return columns
    }
    switch answers[flags] {
    case .success(let column?):
      columns.validity = column.bits.map { ($0 != 0) != version.hasInvertedFlag }
      columns.validity += [Bool](repeating: true, count: max(0, count - columns.validity.count))
    case .success(nil): columns.validity = TrainValidity.guessed(rows.trainIDs)
    case .failure(let error): columns.problems.append(error)
    }
    return columns
  }
}
