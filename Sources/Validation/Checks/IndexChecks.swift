internal import HDF5

/// The checks of one index group, whatever its source: `_check_index` of EXtra-data's validation.py.
enum IndexChecks {
  /// - Parameters:
  ///   - path: of the group in INDEX.
  ///   - trains: how many train ids the file has, zeros not counted.
  static func problems(_ index: IndexColumns, path: String, trains: Int) -> [Problem] {
    let (first, count) = (index.first, index.count)
    let shapes = ["first_shape": pythonTuple(first.shape), "count_shape": pythonTuple(count.shape), "dataset": path]
    guard first.shape.count == 1, count.shape.count == 1 else {
      return [Problem("Index first / count are not 1D", shapes)]
    }
    guard first.shape == count.shape else {
      return [Problem("Index first & count have different number of entries", shapes)]
    }
    var problems: [Problem] = []
    if first.shape != [trains] {
      problems.append(
        Problem(
          "Index has wrong number of entries",
          ["index_shape": pythonTuple(first.shape), "trainids_shape": pythonTuple([trains]), "dataset": path]))
    }
    return problems + contiguity(index).map { Problem($0, ["dataset": path]) }
  }

  /// Each train's rows should follow those of the train before.
  private static func contiguity(_ index: IndexColumns) -> [String] {
    let (first, count) = (index.first.bits, index.count.bits)
    guard !first.isEmpty else { return [] }
    var messages: [String] = []
    if first[0] != 0 { messages.append("Index doesn't start at 0") }
    var gaps = (number: 0, example: 0)
    var overlaps = (number: 0, example: 0)
    for row in 0..<(first.count - 1) {
      // Nearly every row; the doubles are for the others.
      if first[row + 1] == index.end(row) && first[row + 1] < 1 << 53 { continue }
      let gap = index.gap(after: row)
      if gap > 0 {
        if gaps.number == 0 { gaps.example = row }
        gaps.number += 1
      } else if gap < 0 {
        if overlaps.number == 0 { overlaps.example = row }
        overlaps.number += 1
      }
    }
    func text(_ title: String, _ found: (number: Int, example: Int), _ relation: String) -> String {
      let row = found.example
      return
        "\(title) (\(found.number)) in index, e.g. at \(row) (\(index.text(first[row])) + \(index.text(count[row])) "
        + "\(relation) \(index.text(first[row + 1])))"
    }
    if gaps.number > 0 { messages.append(text("Gaps", gaps, "<")) }
    if overlaps.number > 0 { messages.append(text("Overlaps", overlaps, ">")) }
    return messages
  }
}
