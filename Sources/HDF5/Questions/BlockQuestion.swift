internal import CHDF5
public import Wire

/// The layout that elements get when libhdf5 reads them.
public enum ElementLayout: Hashable, Sendable, WireValue {
  /// As numpy sees this type; the file's own type may differ in size or byte order and is then converted.
  case numpy(Datatype)
  /// Strings of variable length, padded with NUL to `length` bytes.
  case strings(length: Int)

  public func write(to writer: inout WireWriter) {
    switch self {
    case .numpy(let type):
      writer.put(byte: 0)
      writer.put(type)
    case .strings(let length):
      writer.put(byte: 1)
      writer.put(length)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0: self = .numpy(try Datatype(from: &reader))
    case 1: self = .strings(length: try reader.integer())
    default: throw WireReader.Garbled()
    }
  }
}

/// Bytes.
public struct Block: Hashable, Sendable, WireValue {
  public var bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  public func write(to writer: inout WireWriter) { writer.put(bytes: bytes) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { bytes = try reader.blob() }
}

/// A block of elements, read by libhdf5, which knows every layout and filter.
public struct BlockQuestion: AnswerableQuestion {
  public typealias Answer = Block
  public var path: String
  /// The first index, and how many, in each dimension.
  public var start: [Int]
  public var count: [Int]
  /// The extents of the block that is answered, at whose origin the elements lie: chunks at the edge of a dataset are stored whole.
  public var tile: [Int]
  public var elements: ElementLayout

  public init(_ path: String, start: [Int], count: [Int], tile: [Int]? = nil, _ elements: ElementLayout) {
    self.path = path
    self.start = start
    self.count = count
    self.tile = tile ?? count
    self.elements = elements
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(start)
    writer.put(count)
    writer.put(tile)
    writer.put(elements)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    start = try reader.integers()
    count = try reader.integers()
    tile = try reader.integers()
    elements = try ElementLayout(from: &reader)
  }

  /// Bytes of a block: the largest chunk that is decoded whole, and the largest entry that is read by rows.
  private static let most = 256 << 20

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> Block {
    let dataset = try file.dataset(path, library)
    guard tile.count == count.count, zip(count, tile).allSatisfy({ $0 >= 0 && $0 <= $1 }) else {
      throw dataset.refusal("a block of \(count) in \(tile) was asked for")
    }
    switch elements {
    case .numpy(let type):
      // The one edge at which values are converted: exactly, or not at all.
      let stored = try dataset.datatype(library)
      guard stored.convertsExactly(to: type) else {
        throw dataset.refusal("it holds \(stored.name), which does not become \(type.name) without loss")
      }
      let memory = try MemoryType.numpy(type, library)
      var bytes = [UInt8](repeating: 0, count: try size(memory.size, dataset))
      let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, HDF5Error> in
        do throws(HDF5Error) {
          return .success(try dataset.read(start: start, count: count, tile: tile, as: memory, into: buffer, library))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      return Block(bytes: bytes)
    case .strings(let length):
      guard length >= 0 else { throw dataset.refusal("strings of \(length) bytes were asked for") }
      var bytes = [UInt8](repeating: 0, count: try size(length, dataset))
      let strings = try dataset.strings(start: start, count: count, library)
      guard strings.allSatisfy({ $0.count <= length }) else {
        throw dataset.refusal("it has a string of more than \(length) bytes, the longest that it had before")
      }
      lay(strings, length, into: &bytes)
      return Block(bytes: bytes)
    }
  }

  private func size(_ elementSize: Int, _ dataset: borrowing Dataset) throws(HDF5Error) -> Int {
    var bytes = elementSize
    for extent in tile {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.most else {
        throw dataset.refusal("a block of \(tile) elements of \(elementSize) bytes is more than is read at a time")
      }
      bytes = product
    }
    return bytes
  }

  /// Writes strings into their places of the block, padded with NUL.
  private func lay(_ strings: [[UInt8]], _ length: Int, into bytes: inout [UInt8]) {
    for (number, string) in strings.enumerated() {
      var rest = number
      var position = 0
      var stride = 1
      for axis in count.indices.reversed() where count[axis] > 0 {
        position += rest % count[axis] * stride
        rest /= count[axis]
        stride *= tile[axis]
      }
      let place = position * length
      bytes.replaceSubrange(place..<place + string.count, with: string)
    }
  }
}
