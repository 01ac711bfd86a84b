/// The checks of INDEX/trainId.
enum TrainIDChecks {
  static let dataset = "INDEX/trainId"

  /// Zeros are padding at the end, and damage before it.
  static func nonzero(_ trainIDs: [UInt64]) -> [Problem] {
    guard let zero = trainIDs.firstIndex(of: 0), trainIDs[zero...].contains(where: { $0 != 0 }) else { return [] }
    return [Problem("Zeroes in trainId index before last train ID", ["dataset": dataset])]
  }

  /// - Parameter trainIDs: without zeros; positions in the message count among these.
  static func order(_ trainIDs: [UInt64]) -> [Problem] {
    for position in trainIDs.indices.dropLast() where trainIDs[position + 1] <= trainIDs[position] {
      let (one, next) = (trainIDs[position], trainIDs[position + 1])
      return [
        Problem(
          "Train IDs are not strictly increasing, e.g. at \(position) (\(one) >= \(next))", ["dataset": dataset])
      ]
    }
    return []
  }
}
