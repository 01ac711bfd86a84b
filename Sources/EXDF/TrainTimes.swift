public import HDF5
internal import Synchronization

/// What INDEX says of each train of the run besides its id.
public struct TrainTimes: Sendable {
  /// Nanoseconds since 1970 UTC by position in ``Run/trainIDs``; 0 where no file knows.
  public var timestamps: [UInt64]
  /// Whether no file has the train with a good INDEX/flag.
  public var isSuspect: [Bool]
}

extension Run {
  /// Timestamps and flags of all trains: read from every file once.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone. A file whose INDEX is damaged is left out.
  public func trainTimes() throws(ReadError) -> TrainTimes {
    if let known = timesCache.withLock({ $0 }) { return known }
    let columns = try concurrently(files.indices.map { $0 }) { file throws(ReadError) in
      try self.files[file].columns(self.hdf5)
    }
    var times = TrainTimes(
      timestamps: [UInt64](repeating: 0, count: trainIDs.count),
      isSuspect: [Bool](repeating: true, count: trainIDs.count))
    for result in columns {
      switch result {
      case .failure(let error): report("\(error); its time stamps and flags are left out")
      case .success(let columns):
        for error in columns.problems { report("\(error); what it says of the trains is left out") }
        add(columns, to: &times)
      }
    }
    timesCache.withLock { $0 = times }
    return times
  }

  private func add(_ columns: DataFile.IndexColumns, to times: inout TrainTimes) {
    for (row, train) in columns.rows.trainIDs.enumerated() where train != 0 {
      guard let position = position(ofTrain: train) else { continue }
      if row < columns.validity.count, columns.validity[row] { times.isSuspect[position] = false }
      guard row < columns.timestamps.count, times.timestamps[position] == 0 else { continue }
      // From 2^63 on, numpy sees a time before 1970, or NaT: files that EXtra-data wrote have it where no time is known.
      if columns.timestamps[row] < 1 << 63 { times.timestamps[position] = columns.timestamps[row] }
    }
  }
}
