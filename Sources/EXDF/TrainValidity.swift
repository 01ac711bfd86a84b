enum TrainValidity {
  /// What files without INDEX/flag get. Where a train id does not lie above the one before it, the side of this step with fewer
  /// offenders is doubted, the later one when they are equal. Offenders before the step are the ids not below the one behind it, and
  /// behind the step those not above the one before it. Zeros (padding) are passed over.
  ///
  /// Takes no longer than sorting the ids does, however many steps there are.
  static func guessed(_ trainIDs: [UInt64]) -> [Bool] {
    let rows = trainIDs.indices.filter { trainIDs[$0] != 0 }
    let steps = rows.indices.dropLast().filter { trainIDs[rows[$0 + 1]] <= trainIDs[rows[$0]] }
    var validity = [Bool](repeating: true, count: trainIDs.count)
    guard !steps.isEmpty else { return validity }

    // From here on an id is its place among all different ones.
    let ordered = ordered(rows.map { trainIDs[$0] })
    let places = ordered.places
    var all = PlaceCounts(ordered.count)
    for place in places { all.add(place) }

    // The offenders of a side are all beyond one bound. So an id is doubted if it is beyond the widest of the bounds that apply to it.
    /// From which place on the ids up to this one are doubted, for the step behind it.
    var doubtedBefore = [Int](repeating: .max, count: places.count)
    /// Up to which place the ids from this one on are doubted, for the step in front of it.
    var doubtedAfter = [Int](repeating: -1, count: places.count)
    var seen = PlaceCounts(ordered.count)
    var next = 0
    for step in steps {
      while next <= step {
        seen.add(places[next])
        next += 1
      }
      let before = next - seen.count(below: places[step + 1])
      let after = all.count(below: places[step] + 1) - seen.count(below: places[step] + 1)
      if before < after { doubtedBefore[step] = places[step + 1] } else { doubtedAfter[step + 1] = places[step] }
    }
    var bound = Int.max
    for index in places.indices.reversed() {
      bound = min(bound, doubtedBefore[index])
      if places[index] >= bound { validity[rows[index]] = false }
    }
    bound = -1
    for index in places.indices {
      bound = max(bound, doubtedAfter[index])
      if places[index] <= bound { validity[rows[index]] = false }
    }
    return validity
  }

  /// The place of each id among the different ones in ascending order, and how many these are.
  private static func ordered(_ ids: [UInt64]) -> (places: [Int], count: Int) {
    var places = [Int](repeating: 0, count: ids.count)
    var place = -1
    var last: UInt64?
    for index in ids.indices.sorted(by: { ids[$0] < ids[$1] }) {
      if ids[index] != last { place += 1 }
      last = ids[index]
      places[index] = place
    }
    return (places, place + 1)
  }
}

/// How many of what has been counted lie below a place: a Fenwick tree, in which both take the logarithm of the number of places.
private struct PlaceCounts {
  private var sums: [Int]

  init(_ places: Int) { sums = [Int](repeating: 0, count: places + 1) }

  mutating func add(_ place: Int) {
    var index = place + 1
    while index < sums.count {
      sums[index] += 1
      index += index & -index
    }
  }

  func count(below place: Int) -> Int {
    var index = place
    var count = 0
    while index > 0 {
      count += sums[index]
      index -= index & -index
    }
    return count
  }
}
