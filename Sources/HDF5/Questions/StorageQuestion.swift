internal import CHDF5
public import Wire

/// All that has to be known of a dataset to read it without libhdf5.
public struct StoredDatasetDescription: Hashable, Sendable, WireValue {
  /// Slowest first; empty for a single value.
  public var shape: [Int]
  public var datatype: Datatype
  public var storage: Storage
  /// Of a virtual dataset; nil where one of them is no simple box, and for every other dataset.
  public var mappings: [VirtualMapping]?

  init(of dataset: borrowing Dataset, _ library: borrowing HDF5Library) throws(HDF5Error) {
    shape = try dataset.shape(library)
    datatype = try dataset.datatype(library)
    storage = try dataset.storage(library)
    mappings = storage.layout == .virtual ? try dataset.virtualMappings(library) : nil
  }

  public func write(to writer: inout WireWriter) {
    writer.put(shape)
    writer.put(datatype)
    writer.put(storage)
    writer.put(optional: mappings)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    shape = try reader.integers()
    datatype = try Datatype(from: &reader)
    storage = try Storage(from: &reader)
    mappings = try reader.optional()
    guard shape.allSatisfy({ $0 >= 0 && $0 <= 1 << 62 }) else { throw WireReader.Garbled() }
  }
}

/// How a dataset is stored.
public struct StorageQuestion: AnswerableQuestion {
  public typealias Answer = StoredDatasetDescription
  public var path: String

  public init(_ path: String) { self.path = path }

  public func write(to writer: inout WireWriter) { writer.put(path) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { path = try reader.text() }

  func answer(
    from file: borrowing File, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> StoredDatasetDescription {
    try StoredDatasetDescription(of: try file.dataset(path, library), library)
  }
}

/// Where the chunks with these numbers lie; those that were never written are not in the answer.
public struct ChunksQuestion: AnswerableQuestion {
  public typealias Answer = [StoredChunk]
  public var path: String
  public var numbers: Range<UInt64>

  public init(of path: String, _ numbers: Range<UInt64>) {
    self.path = path
    self.numbers = numbers
  }

  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(numbers.lowerBound)
    writer.put(numbers.upperBound)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    let (first, end) = (try reader.number(), try reader.number())
    guard first <= end else { throw WireReader.Garbled() }
    numbers = first..<end
  }

  func answer(from file: borrowing File, _ library: borrowing HDF5Library) throws(HDF5Error) -> [StoredChunk] {
    do throws(ChunkIndexError) {
      return try ChunkRecorder(filePath: file.path, datasetPath: path, library).locations(ofChunks: numbers)
    } catch {
      throw HDF5Error("find the chunks of", file: file.path, object: path, reason: error.description)
    }
  }
}

extension StoredChunk: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(number)
    writer.put(location.address)
    writer.put(UInt64(location.size) | UInt64(location.filterMask) << 32)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    number = try reader.number()
    let address = try reader.number()
    let rest = try reader.number()
    location = ChunkLocation(
      address: address, size: UInt32(truncatingIfNeeded: rest), filterMask: UInt32(truncatingIfNeeded: rest >> 32))
  }
}

extension Storage: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(layout)
    writer.put(filters)
    writer.put(fillValue != nil)
    writer.put(bytes: fillValue ?? [])
    writer.put(headerAddress)
    writer.put(file)
    writer.put(leavesPartialChunksUnfiltered)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    layout = try Layout(from: &reader)
    filters = try reader.values()
    let hasFill = try reader.flag()
    let fill = try reader.blob()
    fillValue = hasFill ? fill : nil
    headerAddress = try reader.number()
    file = try StorageFile(from: &reader)
    leavesPartialChunksUnfiltered = try reader.flag()
  }
}

extension Storage.Layout: WireValue {
  public func write(to writer: inout WireWriter) {
    switch self {
    case .compact: writer.put(byte: 0)
    case .contiguous(let offset):
      writer.put(byte: offset == nil ? 1 : 2)
      if let offset { writer.put(offset) }
    case .chunked(let shape):
      writer.put(byte: 3)
      writer.put(shape)
    case .virtual: writer.put(byte: 4)
    case .external: writer.put(byte: 5)
    }
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0: self = .compact
    case 1: self = .contiguous(offset: nil)
    case 2: self = .contiguous(offset: try reader.number())
    case 3:
      let shape = try reader.integers()
      guard shape.allSatisfy({ $0 > 0 && $0 <= Int(UInt32.max) }) else { throw WireReader.Garbled() }
      self = .chunked(shape: shape)
    case 4: self = .virtual
    case 5: self = .external
    default: throw WireReader.Garbled()
    }
  }
}

extension Filter: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(identifier)
    writer.put(name)
    writer.put(parameters.map { UInt64($0) })
    writer.put(isAvailable)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    identifier = try reader.integer()
    name = try reader.text()
    parameters = try reader.numbers().map { UInt32(truncatingIfNeeded: $0) }
    isAvailable = try reader.flag()
  }
}

extension StorageFile: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(baseAddress)
    writer.put([offsetSize, lengthSize, chunkTreeHalfFanout])
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    baseAddress = try reader.number()
    let numbers = try reader.integers()
    guard numbers.count == 3 else { throw WireReader.Garbled() }
    (offsetSize, lengthSize, chunkTreeHalfFanout) = (numbers[0], numbers[1], numbers[2])
  }
}

extension VirtualMapping: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(box)
    writer.put(sourceFile)
    writer.put(sourceObject)
    writer.put(source)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    box = try Box(from: &reader)
    sourceFile = try reader.text()
    sourceObject = try reader.text()
    source = try Box(from: &reader)
  }
}

extension VirtualMapping.Box: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(start)
    writer.put(count)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    start = try reader.integers()
    count = try reader.integers()
    // Their sums are then less than 2^63.
    guard start.count == count.count, (start + count).allSatisfy({ $0 >= 0 && $0 < 1 << 62 }) else {
      throw WireReader.Garbled()
    }
  }
}
