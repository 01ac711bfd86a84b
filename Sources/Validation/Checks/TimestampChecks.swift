internal import HDF5

/// The check of one `.timestamp` of a control source.
enum TimestampChecks {
  static func problems(_ timestamps: IntegerColumn, dataset: String) -> [Problem] {
    let times = timestamps.bits
    var problems: [Problem] = []
    let end = times.firstIndex(of: 0) ?? times.count
    if times[end...].contains(where: { $0 != 0 }) {
      problems.append(Problem("Zeroes in Timestamp before last train ID", ["dataset": dataset]))
    }
    // Before the first zero only, as EXtra-data.
    let isSigned = timestamps.isSigned
    for row in 1..<max(1, end) {
      let falls =
        isSigned ? Int64(bitPattern: times[row]) < Int64(bitPattern: times[row - 1]) : times[row] < times[row - 1]
      guard falls else { continue }
      func text(_ bits: UInt64) -> String { isSigned ? "\(Int64(bitPattern: bits))" : "\(bits)" }
      problems.append(
        Problem(
          "Timestamp is decreasing, e.g. at \(row) (\(text(times[row])) < \(text(times[row - 1])))",
          ["dataset": dataset]))
      break
    }
    return problems
  }
}
