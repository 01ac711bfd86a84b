internal import HDF5
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
  public func trainTimes() -> TrainTimes { TrainTimes(timestamps: timestamps(), isSuspect: suspects()) }

  /// The timestamps alone, which `stat` asks for: the flags take three times as long to read.
  public func timestamps() -> [UInt64] {
    if let known = timestampsCache.withLock({ $0 }) { return known }
    var timestamps = [UInt64](repeating: 0, count: trainIDs.count)
    forEachRow(missing: "time stamps") { (file, library) throws(EXDFError) in
      try file.timestamps(filePool, library)
    } _: { position, timestamp in
      // From 2^63 on, numpy sees a time before 1970, or NaT: files that EXtra-data wrote have it where no time is known.
      if timestamps[position] == 0, timestamp < 1 << 63 { timestamps[position] = timestamp }
    }
    timestampsCache.withLock { $0 = timestamps }
    return timestamps
  }

  private func suspects() -> [Bool] {
    if let known = suspectsCache.withLock({ $0 }) { return known }
    var suspects = [Bool](repeating: true, count: trainIDs.count)
    forEachRow(missing: "flags") { (file, library) throws(EXDFError) in
      try file.validity(filePool, library)
    } _: { position, isValid in
      if isValid { suspects[position] = false }
    }
    suspectsCache.withLock { $0 = suspects }
    return suspects
  }

  /// Gives `body` what each file has for each of its trains, by the train's position in the run.
  ///
  /// - Parameters:
  ///   - missing: what a file that cannot be read leaves out, for the report.
  ///   - column: one value for each row of INDEX, or for the first of them.
  private func forEachRow<Value>(
    missing: String, _ column: (DataFile, borrowing HDF5Library) throws(EXDFError) -> [Value],
    _ body: (Int, Value) -> Void
  ) {
    for file in files {
      HDF5Library.withLock { library in
        do throws(EXDFError) {
          let rows = try file.rows(filePool, library).trainIDs
          for (train, value) in zip(rows, try column(file, library)) where train != 0 {
            if let position = position(ofTrain: train) { body(position, value) }
          }
        } catch {
          report("\(error); its \(missing) are left out")
        }
      }
    }
  }
}
