internal import HDF5

/// `first` and `count` of one index group, whole, with the arithmetic that numpy does on them.
struct IndexColumns {
  var first: IntegerColumn
  var count: IntegerColumn

  /// numpy adds without looking for overflow, and so what is absurd comes out as the same absurd number.
  func end(_ row: Int) -> UInt64 { first.bits[row] &+ count.bits[row] }

  /// Negative numbers only where both columns have signs.
  var isSigned: Bool { first.isSigned && count.isSigned }

  func text(_ bits: UInt64) -> String { isSigned ? "\(Int64(bitPattern: bits))" : "\(bits)" }

  private func ordered(_ bits: UInt64) -> UInt64 { isSigned ? bits ^ (1 << 63) : bits }

  /// The largest end of the first `rows` rows; nil where there is none.
  ///
  /// As EXtra-data, which cuts INDEX to the number of its trains before it looks where the rows point.
  func largestEnd(rows: Int) -> UInt64? {
    let rows = min(rows, first.bits.count, count.bits.count)
    guard rows > 0 else { return nil }
    var largest = end(0)
    for row in 1..<max(rows, 1) where ordered(end(row)) > ordered(largest) { largest = end(row) }
    return largest
  }

  /// Whether an end lies outside so many rows.
  func isOutside(_ end: UInt64, _ rowCount: UInt64) -> Bool { ordered(end) > ordered(rowCount) }

  /// The gap between one row and the next; below zero where they overlap.
  ///
  /// numpy turns the difference of int64 and uint64 into a double: for numbers beyond 2^53 that decides.
  func gap(after row: Int) -> Double {
    let next = first.bits[row + 1]
    if isSigned { return Double(Int64(bitPattern: next &- end(row))) }
    return Double(Int64(bitPattern: next)) - Double(end(row))
  }
}

/// A shape as Python prints it.
func pythonTuple(_ shape: [Int]) -> String {
  shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
}
