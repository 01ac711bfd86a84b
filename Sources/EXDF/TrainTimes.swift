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
  public func trainTimes() -> TrainTimes {
    if let known = trainTimesCache.withLock({ $0 }) { return known }
    var times = TrainTimes(
      timestamps: [UInt64](repeating: 0, count: trainIDs.count),
      isSuspect: [Bool](repeating: true, count: trainIDs.count))
    for file in files {
      HDF5Library.withLock { library in
        do throws(EXDFError) {
          let rows = try file.rows(filePool, library).trainIDs
          let timestamps = try file.timestamps(filePool, library)
          let validity = try file.validity(filePool, library)
          for (row, train) in rows.enumerated() where train != 0 {
            guard let position = position(ofTrain: train) else { continue }
            // From 2^63 on, numpy sees a time before 1970, or NaT: files that EXtra-data wrote have it where no time is known.
            if times.timestamps[position] == 0, row < timestamps.count, timestamps[row] < 1 << 63 {
              times.timestamps[position] = timestamps[row]
            }
            if validity[row] { times.isSuspect[position] = false }
          }
        } catch {
          report("\(error); its time stamps are left out")
        }
      }
    }
    trainTimesCache.withLock { $0 = times }
    return times
  }

  /// The time stamp of one train if ``trainTimes()`` has been asked for before; never reads.
  public func knownTimestamp(ofTrain position: Int) -> UInt64? {
    trainTimesCache.withLock { $0?.timestamps[position] }
  }
}
