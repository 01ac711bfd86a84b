internal import CHDF5
public import Wire

/// The first entry of a dataset.
public struct FirstEntry: Hashable, Sendable, WireValue {
  public enum Contents: Hashable, Sendable {
    /// Elements as numpy lays them out, one after the other.
    case bytes([UInt8], Datatype)
    case strings([[UInt8]])
    /// What cannot be read, and why.
    case unreadable(String)
  }
  /// Below the group that was asked for.
  public var path: String
  /// Extents; empty for a single value.
  public var shape: [Int]
  public var contents: Contents

  init(path: String, shape: [Int], contents: Contents) {
    self.path = path
    self.shape = shape
    self.contents = contents
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(shape)
    switch contents {
    case .bytes(let bytes, let type):
      writer.put(byte: 0)
      writer.put(bytes: bytes)
      writer.put(type)
    case .strings(let strings):
      writer.put(byte: 1)
      writer.put(StringList(strings))
    case .unreadable(let reason):
      writer.put(byte: 2)
      writer.put(reason)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    shape = try reader.integers()
    switch try reader.byte() {
    case 0:
      let bytes = try reader.blob()
      contents = .bytes(bytes, try Datatype(from: &reader))
    case 1: contents = .strings(try StringList(from: &reader).strings)
    case 2: contents = .unreadable(try reader.text())
    default: throw WireReader.Garbled()
    }
  }
}

/// The first entry of each dataset below a group whose path ends in `suffix`, which is how RUN keeps the properties of a device.
/// The answer is nil where there is no such group.
public struct FirstEntriesQuestion: AnswerableQuestion {
  public typealias Answer = [FirstEntry]?
  public var group: String
  public var suffix: String

  public init(below group: String, suffix: String) {
    self.group = group
    self.suffix = suffix
  }

  public func write(to writer: inout WireWriter) {
    writer.put(group)
    writer.put(suffix)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    group = try reader.text()
    suffix = try reader.text()
  }

  /// Bytes of one entry: what has more is no property of a device.
  private static let largest = 16 << 20

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> [FirstEntry]? {
    guard file.kind(of: group, library) == .group else { return nil }
    return try file.visitedDatasets(below: group, library).filter { $0.name.hasSuffix(suffix) }.map { visited in
      do throws(HDF5Error) {
        return try Self.entry(try file.dataset("\(group)/\(visited.name)", library), visited.name, library)
      } catch {
        return FirstEntry(path: visited.name, shape: [], contents: .unreadable(error.reason))
      }
    }
  }

  private static func entry(
    _ dataset: borrowing Dataset, _ path: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> FirstEntry {
    let shape = try dataset.shape(library)
    guard let rows = shape.first, rows > 0 else {
      return FirstEntry(path: path, shape: [], contents: .unreadable("it has no rows"))
    }
    let entry = Array(shape.dropFirst())
    let start = [Int](repeating: 0, count: shape.count)
    let type = try dataset.datatype(library)
    if case .variableString = type {
      let strings = try dataset.strings(start: start, count: [1] + entry, library)
      return FirstEntry(path: path, shape: entry, contents: .strings(strings))
    }
    var size = type.size ?? Int.max
    for extent in entry {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      size = overflow ? Int.max : product
    }
    guard size <= largest else {
      return FirstEntry(
        path: path, shape: entry, contents: .unreadable("it is too large, or of a type that has no size"))
    }
    let memory = try MemoryType.numpy(type, library)
    var bytes = [UInt8](repeating: 0, count: size)
    try dataset.read(start: start, count: [1] + entry, as: memory, into: &bytes, library)
    return FirstEntry(path: path, shape: entry, contents: .bytes(bytes, type))
  }
}
