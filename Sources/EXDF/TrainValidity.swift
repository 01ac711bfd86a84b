enum TrainValidity {
  /// What files without INDEX/flag get: where train ids go down, the side of the step with fewer offenders is doubted; the
  /// later one when they are equal. Zeros (padding) are passed over.
  static func guessed(_ trainIDs: [UInt64]) -> [Bool] {
    let rows = trainIDs.indices.filter { trainIDs[$0] != 0 }
    var validity = [Bool](repeating: true, count: trainIDs.count)
    guard rows.count > 1 else { return validity }
    for step in 0..<(rows.count - 1) where trainIDs[rows[step + 1]] <= trainIDs[rows[step]] {
      let before = rows[...step].filter { trainIDs[$0] >= trainIDs[rows[step + 1]] }
      let after = rows[(step + 1)...].filter { trainIDs[$0] <= trainIDs[rows[step]] }
      for row in before.count < after.count ? before : after { validity[row] = false }
    }
    return validity
  }
}
