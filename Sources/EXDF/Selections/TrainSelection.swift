/// Some of a run's trains.
public enum TrainSelection: Hashable, Sendable {
  /// `from <= id < to`, as `by_id[from:to]`; a bound that is no train is no error.
  case ids(from: UInt64?, to: UInt64?)
  /// These ids, as far as they are there.
  case list([UInt64])
  /// Positions as a Python slice has them; trains stay in ascending order whatever the step.
  case positions(start: Int?, stop: Int?, step: Int)

  /// A text that is none of the forms.
  public struct Invalid: Error, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// `A:B` by id, or a list `A,B,C`.
  public init(ids text: String) throws(Invalid) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.count {
    case 1:
      var ids: [UInt64] = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) { ids.append(try Self.id(part)) }
      self = .list(ids)
    case 2: self = .ids(from: try Self.bound(parts[0]), to: try Self.bound(parts[1]))
    default: throw Invalid(description: "'\(text)' is no choice of trains: it has to be A:B by id, or a list A,B,C")
    }
  }

  /// `A:B:S` by position, each part of which may be empty, or one position.
  public init(positions text: String) throws(Invalid) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    func number(_ index: Int) throws(Invalid) -> Int? {
      guard index < parts.count, !parts[index].isEmpty else { return nil }
      guard let number = Int(parts[index]) else {
        throw Invalid(description: "'\(text)' is no choice of positions: '\(parts[index])' is no number")
      }
      return number
    }
    guard parts.count <= 3, !text.isEmpty else {
      throw Invalid(description: "'\(text)' is no choice of positions: it has to be A:B:S")
    }
    let step = try number(2) ?? 1
    guard step != 0 else { throw Invalid(description: "'\(text)' is no choice of positions: its step is 0") }
    if parts.count == 1, let position = try number(0) {
      let (next, overflow) = position.addingReportingOverflow(1)
      self = .positions(start: position, stop: position == -1 || overflow ? nil : next, step: 1)
    } else {
      self = .positions(start: try number(0), stop: try number(1), step: step)
    }
  }

  /// As in the name of a directory: an id, `A:B` by id, or `A:B:S` by position.
  public init(name text: String) throws(Invalid) {
    if text.count(where: { $0 == ":" }) == 2 {
      try self.init(positions: text)
    } else {
      try self.init(ids: text)
    }
  }

  private static func id(_ text: Substring) throws(Invalid) -> UInt64 {
    guard let id = UInt64(text), text.first != "+" else { throw Invalid(description: "'\(text)' is no train id") }
    return id
  }

  private static func bound(_ text: Substring) throws(Invalid) -> UInt64? { text.isEmpty ? nil : try id(text) }

  /// Those of a run's trains that it means.
  /// - Parameter trainIDs: ascending, each once.
  public func trains(of trainIDs: [UInt64]) -> [UInt64] {
    switch self {
    case .ids(let from, let to): return trainIDs.filter { train in train >= from ?? 0 && to.map { train < $0 } ?? true }
    case .list(let ids):
      let wanted = Set(ids)
      return trainIDs.filter { wanted.contains($0) }
    case .positions(let start, let stop, let step): return Self.slice(trainIDs, start, stop, step)
    }
  }

  /// As Python's `slice.indices`.
  private static func slice(_ trainIDs: [UInt64], _ start: Int?, _ stop: Int?, _ step: Int) -> [UInt64] {
    let count = trainIDs.count
    func place(_ index: Int, _ low: Int, _ high: Int) -> Int {
      let counted = index < 0 ? index.addingReportingOverflow(count).partialValue : index
      return min(max(index < -count ? low : counted, low), high)
    }
    if step > 0 {
      let first = start.map { place($0, 0, count) } ?? 0
      let end = stop.map { place($0, 0, count) } ?? count
      return first < end ? stride(from: first, to: end, by: step).map { trainIDs[$0] } : []
    }
    let first = start.map { place($0, -1, count - 1) } ?? count - 1
    let end = stop.map { place($0, -1, count - 1) } ?? -1
    return first > end ? stride(from: first, to: end, by: step).map { trainIDs[$0] }.reversed() : []
  }
}
