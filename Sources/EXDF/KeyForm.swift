public import HDF5

/// How some of the files of a source have a key: nearly always all files have the same one.
public struct KeyForm: Hashable, Sendable {
  /// The path of the dataset in these files.
  public var path: String
  public var datatype: Datatype
  /// Extents of one entry.
  public var entryShape: [Int]
  /// The files that hold entries in this form, as positions in ``Run/files``; known only where there are several forms.
  public var files: [Int] = []
  /// Trains whose entries have this form; known only where there are several forms.
  public var trainsWithData = 0
  /// Whether its entries are in the array of the key, exact in the key's type (TREE.md, "A source").
  public var isCommon = true

  init(_ key: Key) {
    path = key.path
    datatype = key.datatype
    entryShape = key.entryShape
  }
}

/// Which of several forms of a key make up its array, and what they become in it.
struct CommonForm {
  var datatype: Datatype
  var entryShape: [Int]
  /// One for each form: whether it belongs to the array.
  var members: [Bool]

  /// - Parameter forms: in order of file, with the number of trains that have each; never empty. Those without trains have no say where
  ///   any has one.
  ///
  /// The shape that most trains have, then of its types as many as one type holds exactly, those that most trains have first.
  init(_ forms: [(datatype: Datatype, entryShape: [Int], trains: Int)]) {
    let hasData = forms.contains { $0.trains > 0 }
    let voters = forms.indices.filter { !hasData || forms[$0].trains > 0 }
    entryShape = Self.first(voters.map { (forms[$0].entryShape, forms[$0].trains) })[0]
    let shape = entryShape
    let sameShape = voters.filter { forms[$0].entryShape == shape }
    let kinds = Self.first(sameShape.map { (forms[$0].datatype.asNumPySeesIt, forms[$0].trains) })
    var chosen: [Datatype] = []
    for kind in kinds where Datatype.common(of: chosen + [kind]) != nil { chosen.append(kind) }
    let accepted = Set(chosen)
    let members = sameShape.filter { accepted.contains(forms[$0].datatype.asNumPySeesIt) }
    datatype = Datatype.common(of: members.map { forms[$0].datatype }) ?? forms[members[0]].datatype
    self.members = forms.map { $0.entryShape == shape && accepted.contains($0.datatype.asNumPySeesIt) }
  }

  /// The different values, those that most trains have first; of two with the same number the one that comes first.
  private static func first<Value: Hashable>(_ values: [(value: Value, trains: Int)]) -> [Value] {
    var sums: [Value: Int] = [:]
    var order: [Value] = []
    for (value, trains) in values {
      if sums[value] == nil { order.append(value) }
      let (sum, overflow) = (sums[value] ?? 0).addingReportingOverflow(trains)
      sums[value] = overflow ? Int.max : sum
    }
    let counted = order.enumerated().map { (place: $0.offset, value: $0.element, trains: sums[$0.element] ?? 0) }
    return counted.sorted { $0.trains == $1.trains ? $0.place < $1.place : $0.trains > $1.trains }.map(\.value)
  }
}
