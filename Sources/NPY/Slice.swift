/// A NumPy basic slice, as it stands behind the `@` of a file name: `0:10,...,5`.
public struct Slice: Hashable, Sendable {
  /// One dimension's part of it.
  enum Term: Hashable, Sendable {
    case index(Int)
    case range(start: Int?, stop: Int?, step: Int)
    case ellipsis
  }
  let terms: [Term]

  /// Why a text is not a slice, or a slice does not fit an array.
  public struct Invalid: Error, CustomStringConvertible {
    public var description: String
    public init(description: String) { self.description = description }
  }

  /// One dimension of an array after slicing: `count` indices from `start`, `step` apart.
  public struct Selection: Hashable, Sendable {
    public var start: Int
    public var step: Int
    public var count: Int
    /// An integer index selects one element and drops the dimension.
    public var isDropped: Bool
  }

  /// Reads integers, `start:stop:step` with a positive step, and at most one `...`, separated by commas.
  /// - Throws: ``Invalid`` with one sentence for the log.
  public init(_ text: some StringProtocol) throws(Invalid) {
    var terms: [Term] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      terms.append(try Self.term(part, in: String(text)))
    }
    guard terms.count(where: { $0 == .ellipsis }) <= 1 else {
      throw Invalid(description: "'\(text)' has more than one '...'")
    }
    self.terms = terms
  }

  private static func term(_ part: some StringProtocol, in text: String) throws(Invalid) -> Term {
    if part == "..." { return .ellipsis }
    let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
    var values: [Int?] = []
    for number in numbers {
      if number.isEmpty, numbers.count > 1 {
        values.append(nil)
      } else if let value = integer(number) {
        values.append(value)
      } else {
        throw Invalid(
          description: "'\(part)' in the slice '\(text)' is neither an integer, nor start:stop:step, nor '...'")
      }
    }
    if values.count == 1, let index = values[0] { return .index(index) }
    guard values.count <= 3 else {
      throw Invalid(description: "'\(part)' in the slice '\(text)' has more than two ':'")
    }
    let step = (values.count == 3 ? values[2] : nil) ?? 1
    guard step > 0 else { throw Invalid(description: "the step of '\(part)' in the slice '\(text)' is not positive") }
    return .range(start: values[0], stop: values[1], step: step)
  }

  /// Digits with an optional minus: `Int.init` would take a plus as well.
  private static func integer(_ text: some StringProtocol) -> Int? {
    guard text.first != "+" else { return nil }
    return Int(text)
  }

  /// What it selects of an array.
  /// - Throws: ``Invalid`` where it has too many dimensions, or an index is out of bounds. Ranges are clipped, as in NumPy.
  public func selections(of shape: [Int]) throws(Invalid) -> [Selection] {
    let given = terms.count(where: { $0 != .ellipsis })
    guard given <= shape.count else {
      throw Invalid(description: "\(given) indices for an array of \(shape.count) dimensions")
    }
    let implied = [Term](repeating: .range(start: nil, stop: nil, step: 1), count: shape.count - given)
    var expanded: [Term] = []
    for term in terms {
      if term == .ellipsis { expanded += implied } else { expanded.append(term) }
    }
    if !terms.contains(.ellipsis) { expanded += implied }
    var selections: [Selection] = []
    for (axis, (term, extent)) in zip(expanded, shape).enumerated() {
      selections.append(try Self.selection(term, extent: extent, axis: axis))
    }
    return selections
  }

  private static func selection(_ term: Term, extent: Int, axis: Int) throws(Invalid) -> Selection {
    switch term {
    case .index(let index):
      let position = index < 0 ? index &+ extent : index
      guard position >= 0, position < extent else {
        throw Invalid(description: "index \(index) is out of bounds for axis \(axis) with size \(extent)")
      }
      return Selection(start: position, step: 1, count: 1, isDropped: true)
    case .range(let start, let stop, let step):
      let first = clip(start, extent, default: 0)
      let last = clip(stop, extent, default: extent)
      let count = last > first ? (last - first - 1) / step + 1 : 0
      // A step that leads nowhere can be any number: it is not kept, for who multiplies it would overflow.
      return Selection(start: count == 0 ? 0 : first, step: count > 1 ? step : 1, count: count, isDropped: false)
    case .ellipsis: return Selection(start: 0, step: 1, count: extent, isDropped: false)
    }
  }

  private static func clip(_ bound: Int?, _ extent: Int, default value: Int) -> Int {
    guard let bound else { return value }
    return bound < 0 ? max(0, bound &+ extent) : min(bound, extent)
  }
}
