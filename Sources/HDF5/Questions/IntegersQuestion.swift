internal import CHDF5
public import Wire

/// The first integers of a dataset of one dimension. The answer is nil where there is no dataset.
public struct IntegersQuestion: AnswerableQuestion {
  public typealias Answer = IntegerColumn?
  public var path: String
  /// At most so many; nil for all.
  public var limit: Int?

  public init(_ path: String, limit: Int? = nil) {
    self.path = path
    self.limit = limit
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(optional: limit)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    limit = try reader.optional()
  }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> IntegerColumn? {
    guard file.kind(of: path, library) == .dataset else { return nil }
    return try file.dataset(path, library).column(limit: limit, library)
  }
}

/// The integers of each dataset directly below a group, which is how INDEX keeps `first` and `count`: of whatever is one-dimensional and
/// holds integers. The answer is nil where there is no such group.
public struct ColumnsQuestion: AnswerableQuestion {
  public typealias Answer = [NamedColumn]?
  public var group: String
  /// At most so many of each.
  public var limit: Int

  public init(below group: String, limit: Int) {
    self.group = group
    self.limit = limit
  }

  public func write(to writer: inout WireWriter) {
    writer.put(group)
    writer.put(limit)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    group = try reader.text()
    limit = try reader.integer()
  }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> [NamedColumn]? {
    guard file.kind(of: group, library) == .group else { return nil }
    var columns: [NamedColumn] = []
    for visited in try file.visitedDatasets(below: group, library) {
      let path = "\(group)/\(visited.name)"
      do throws(HDF5Error) {
        let column = try file.dataset(path, library).column(limit: limit, library)
        columns.append(NamedColumn(path: visited.name, column: column, problem: nil))
      } catch {
        columns.append(NamedColumn(path: visited.name, column: nil, problem: error))
      }
    }
    return columns
  }
}

/// A dataset of integers, or why it is none.
public struct NamedColumn: Sendable, WireValue {
  /// Below the group that was asked for.
  public var path: String
  public var column: IntegerColumn?
  public var problem: HDF5Error?

  init(path: String, column: IntegerColumn?, problem: HDF5Error?) {
    self.path = path
    self.column = column
    self.problem = problem
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(optional: column)
    writer.put(optional: problem)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    column = try reader.optional()
    problem = try reader.optional()
  }
}

extension IntegerColumn: WireValue {
  /// Numbers that follow each other at one distance, as train ids and rows do: 24 bytes, whatever their number.
  private struct Progression {
    var first: UInt64
    var step: UInt64
    var count: Int
  }

  /// As progressions where that is shorter, which it is by three orders of magnitude for nearly every INDEX.
  public func write(to writer: inout WireWriter) {
    writer.put(shape)
    writer.put(isSigned)
    if let progressions = progressions(atMost: bits.count / 4) {
      writer.put(true)
      writer.put(bits.count)
      writer.put(progressions.count)
      for progression in progressions {
        writer.put(progression.first)
        writer.put(progression.step)
        writer.put(progression.count)
      }
    } else {
      writer.put(false)
      writer.put(bits)
    }
  }

  private func progressions(atMost most: Int) -> [Progression]? {
    var progressions: [Progression] = []
    var index = 0
    while index < bits.count {
      guard progressions.count < most else { return nil }
      var end = index + 1
      var step: UInt64 = 0
      if end < bits.count {
        step = bits[end] &- bits[index]
        while end < bits.count, bits[end] &- bits[end - 1] == step { end += 1 }
      }
      progressions.append(Progression(first: bits[index], step: step, count: end - index))
      index = end
    }
    return progressions
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    let shape = try reader.integers()
    let isSigned = try reader.flag()
    guard try reader.flag() else {
      self.init(shape: shape, bits: try reader.numbers(), isSigned: isSigned)
      return
    }
    let total = try reader.integer()
    guard total >= 0, total <= Dataset.mostNumbers else { throw WireReader.Garbled() }
    var bits: [UInt64] = []
    bits.reserveCapacity(total)
    for _ in 0..<(try reader.count(ofSize: 24)) {
      let first = try reader.number()
      let step = try reader.number()
      let count = try reader.integer()
      guard count >= 0, count <= total - bits.count else { throw WireReader.Garbled() }
      var value = first
      for _ in 0..<count {
        bits.append(value)
        value &+= step
      }
    }
    guard bits.count == total else { throw WireReader.Garbled() }
    self.init(shape: shape, bits: bits, isSigned: isSigned)
  }
}
