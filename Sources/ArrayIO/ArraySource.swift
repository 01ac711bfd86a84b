public import HDF5
public import NPY

/// An array whose flattened bytes can be read at any place; without a header.
public protocol ArraySource: Sendable {
  var description: ArrayDescription { get }

  /// Copies bytes of the flattened array. `offset + output.count` lies inside of it.
  /// - Throws: ``ReadError`` where what lies underneath cannot be read.
  func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError)

  /// The same, by reference where the bytes are in memory anyway.
  func gather(dataAt offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError)

  /// Has a range made ready by other threads. Only a hint: nothing need come of it.
  func prefetch(dataAt offset: Int, _ count: Int)

  /// How far ahead of a sequential reader it is worth making ready, in bytes; 0 for what is computed or in memory.
  var longestWindow: Int { get }

  /// Whether its bytes have to be decoded; asks the file if need be.
  /// - Throws: ``ReadError`` where it cannot be asked.
  var needsDecoding: Bool { get throws(ReadError) }

  /// Which elements are data, and which only fill a gap: an array of bool with as many axes, each as long as that of this array
  /// or, where all along it are alike, 1. nil where there are no gaps.
  var presence: (any ArraySource)? { get }
}

extension ArraySource {
  public var presence: (any ArraySource)? { nil }

  public var needsDecoding: Bool { get throws(ReadError) { false } }

  public func gather(dataAt offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) {
    try read(dataAt: offset, into: sink.reserve(count))
  }

  public func prefetch(dataAt offset: Int, _ count: Int) {}

  public var longestWindow: Int { 0 }
}

/// Consecutive rows of one dataset, as part of an array.
public struct ArrayPart: Hashable, Sendable {
  public var dataset: DatasetReference
  /// In rows of the dataset.
  public var firstRow: Int
  public var rows: Int

  public init(dataset: DatasetReference, firstRow: Int, rows: Int) {
    self.dataset = dataset
    self.firstRow = firstRow
    self.rows = rows
  }
}

/// An array made of rows of datasets, one part after the other along the first axis.
public struct StoredArray: ArraySource {
  public let description: ArrayDescription
  private let parts: [ArrayPart]
  /// The first row of each part in the array, and the total at the end.
  private let firstRows: [Int]
  private let rowSize: Int
  private let store: DatasetStore
  /// Whether it is read in turns with others, as the modules of a detector are: less of each is then read ahead at a time.
  public var isOneOfMany = false

  /// - Parameter dropsFirstAxis: of an array of one entry the first axis is left out, as `train_from_id` does.
  /// - Returns: nil where the array would be absurdly large.
  public init?(
    element: ElementType, entryShape: [Int], parts: [ArrayPart], dropsFirstAxis: Bool = false, _ store: DatasetStore
  ) {
    var firstRows = [0]
    firstRows.reserveCapacity(parts.count + 1)
    for part in parts {
      let (sum, overflow) = firstRows[firstRows.count - 1].addingReportingOverflow(part.rows)
      guard !overflow else { return nil }
      firstRows.append(sum)
    }
    let rows = firstRows[parts.count]
    guard let row = ArrayDescription(element: element, shape: entryShape),
      let description = ArrayDescription(
        element: element, shape: dropsFirstAxis && rows == 1 ? entryShape : [rows] + entryShape)
    else { return nil }
    self.description = description
    self.parts = parts
    self.firstRows = firstRows
    rowSize = row.dataSize
    self.store = store
  }

  public var longestWindow: Int { store.longestWindow }

  public var needsDecoding: Bool {
    get throws(ReadError) {
      // The parts of a key are alike.
      guard let part = parts.first else { return false }
      return try store.dataset(part.dataset).needsDecoding
    }
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    var sink = PieceSink(buffer: output, isStreaming: false)
    try gather(dataAt: offset, output.count, into: &sink)
    sink.settle(in: output)
  }

  public func gather(dataAt offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) {
    try forEachStretch(at: offset, count) { dataset, start, count throws(ReadError) in
      try dataset.gather(at: start, count, into: &sink, isOneOfMany: isOneOfMany)
    }
  }

  public func prefetch(dataAt offset: Int, _ count: Int) {
    // What cannot be read will say so to whoever asks for it.
    try? forEachStretch(at: offset, min(count, description.dataSize - offset)) { dataset, start, count in
      dataset.prefetch(at: start, count, isOneOfMany: isOneOfMany)
    }
  }

  /// Gives `body` the stretches of datasets that a range consists of, in order.
  private func forEachStretch(
    at offset: Int, _ count: Int, _ body: (StoredDataset, Int, Int) throws(ReadError) -> Void
  ) throws(ReadError) {
    guard count > 0, rowSize > 0 else { return }
    var part = partIndex(row: offset / rowSize)
    var done = 0
    while done < count, part < parts.count {
      let begin = firstRows[part] * rowSize
      let end = firstRows[part + 1] * rowSize
      let position = offset + done
      let length = min(count - done, end - position)
      if length > 0 {
        let (start, overflow) = parts[part].firstRow.multipliedReportingOverflow(by: rowSize)
        guard !overflow else {
          throw .damaged(
            file: parts[part].dataset.file.path, object: parts[part].dataset.object, reason: "its index is absurd")
        }
        try body(try store.dataset(parts[part].dataset), start + (position - begin), length)
        done += length
      }
      part += 1
    }
  }

  /// The part that holds a row, by bisection.
  private func partIndex(row: Int) -> Int {
    var low = 0
    var high = parts.count
    while low < high {
      let middle = (low + high) / 2
      if firstRows[middle + 1] <= row { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// An array that is in memory.
public struct MemoryArray: ArraySource {
  public let description: ArrayDescription
  private let bytes: [UInt8]

  public init(description: ArrayDescription, bytes: [UInt8]) {
    self.description = description
    self.bytes = bytes
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    bytes.withUnsafeBytes {
      output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + output.count)]))
    }
  }
}

/// An array as a `.npy` file: the header, then the data.
public struct NPYSource: ByteSource {
  public let array: any ArraySource
  private let header: [UInt8]

  public init(_ array: any ArraySource) {
    self.array = array
    header = array.description.header
  }

  public var size: Int { header.count + array.description.dataSize }

  public func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    let count = available(at: offset, output.count)
    guard count > 0 else { return 0 }
    let done = copyHeader(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: output[..<count]))
    if done < count {
      let target = UnsafeMutableRawBufferPointer(rebasing: output[done..<count])
      try array.read(dataAt: offset + done - header.count, into: target)
    }
    return count
  }

  public func gather(at offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) -> Int {
    let count = available(at: offset, count)
    let done = min(count, max(0, header.count - offset))
    if done > 0 { _ = copyHeader(at: offset, into: sink.reserve(done)) }
    if done < count { try array.gather(dataAt: offset + done - header.count, count - done, into: &sink) }
    return count
  }

  public func prefetch(at offset: Int, _ count: Int) {
    array.prefetch(dataAt: max(0, offset - header.count), count)
  }

  public var longestWindow: Int { array.longestWindow }

  public var needsDecoding: Bool { get throws(ReadError) { try array.needsDecoding } }

  private func copyHeader(at offset: Int, into output: UnsafeMutableRawBufferPointer) -> Int {
    guard offset < header.count else { return 0 }
    let count = min(output.count, header.count - offset)
    header.withUnsafeBytes { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)])) }
    return count
  }
}
