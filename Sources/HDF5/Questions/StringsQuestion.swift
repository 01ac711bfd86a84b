internal import CHDF5
public import Wire

/// Strings of a dataset, fixed or variable, without padding, in C order.
public struct StringList: Hashable, Sendable, WireValue {
  /// The bytes of each; not necessarily UTF-8.
  public var strings: [[UInt8]]

  init(_ strings: [[UInt8]]) { self.strings = strings }

  public func write(to writer: inout WireWriter) {
    writer.put(strings.count)
    for string in strings { writer.put(bytes: string) }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    strings = []
    for _ in 0..<(try reader.count(ofSize: 8)) { strings.append(try reader.blob()) }
  }
}

/// The strings of a dataset, or of a block of it. The answer is nil where there is no dataset.
public struct StringsQuestion: AnswerableQuestion {
  public typealias Answer = StringList?
  public var path: String
  /// The first index and the extent in each dimension; empty for the whole dataset.
  public var start: [Int]
  public var count: [Int]

  public init(_ path: String) {
    self.path = path
    start = []
    count = []
  }

  public init(_ path: String, start: [Int], count: [Int]) {
    self.path = path
    self.start = start
    self.count = count
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(start)
    writer.put(count)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    start = try reader.integers()
    count = try reader.integers()
  }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> StringList? {
    guard file.kind(of: path, library) == .dataset else { return nil }
    let dataset = try file.dataset(path, library)
    return StringList(
      count.isEmpty ? try dataset.strings(library) : try dataset.strings(start: start, count: count, library))
  }
}

/// The length in bytes of the longest string in a block of a dataset. Asked for apart from the strings, which may be many.
public struct LongestStringQuestion: AnswerableQuestion {
  public typealias Answer = Int
  public var path: String
  /// Rows of the first dimension.
  public var firstRow: Int
  public var rows: Int

  public init(_ path: String, firstRow: Int, rows: Int) {
    self.path = path
    self.firstRow = firstRow
    self.rows = rows
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(firstRow)
    writer.put(rows)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    firstRow = try reader.integer()
    rows = try reader.integer()
  }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> Int {
    let dataset = try file.dataset(path, library)
    // What was never written is one string, over and over.
    let isEmpty = dataset.storedSize(library) == 0
    return try dataset.longestString(
      firstRow: firstRow, rows: isEmpty ? min(rows, 1) : rows, isUniform: isEmpty, library)
  }
}
