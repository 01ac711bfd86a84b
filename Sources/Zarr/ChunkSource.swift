public import ArrayIO
public import HDF5
internal import NPY

/// One chunk of an array as a file: a window of the array's bytes, with zeros behind the last entry.
public struct ChunkSource: ByteSource {
  public let size: Int
  private let array: any ArraySource
  /// In bytes of the array.
  private let start: Int
  private let length: Int
  /// Of an element, in the array and in the chunk.
  private let narrow: Int
  private let wide: Int

  /// - Parameters:
  ///   - number: less than `zarr.chunkCount`.
  ///   - array: the array that `zarr` was made of.
  public init(_ number: Int, of zarr: ZarrArray, _ array: any ArraySource) {
    self.array = array
    size = zarr.chunkSize
    narrow = zarr.sourceElement.size
    wide = zarr.element.size
    let rows = zarr.rows(ofChunk: number)
    let entry = zarr.shape.dropFirst().reduce(narrow, *)
    start = rows.lowerBound * entry
    length = rows.count * entry
  }

  public var longestWindow: Int { array.longestWindow }

  public var needsDecoding: Bool { get throws(ReadError) { try array.needsDecoding } }

  public func prefetch(at offset: Int, _ count: Int) {
    let first = min(length, offset / wide * narrow)
    let end = min(length, (offset + count) / wide * narrow)
    if first < end { array.prefetch(dataAt: start + first, end - first) }
  }

  public func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    var sink = PieceSink(buffer: output, isStreaming: false)
    let count = try gather(at: offset, output.count, into: &sink)
    sink.settle(in: output)
    return count
  }

  public func gather(at offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) -> Int {
    guard offset >= 0, offset < size else { return 0 }
    let count = min(count, size - offset)
    if narrow != wide {
      try widen(offset, into: sink.reserve(count))
      return count
    }
    let data = max(0, min(count, length - offset))
    if data > 0 { try array.gather(dataAt: start + offset, data, into: &sink) }
    if data < count { sink.reserve(count - data).initializeMemory(as: UInt8.self, repeating: 0) }
    return count
  }

  /// Each element with zeros behind it.
  private func widen(_ offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    output.initializeMemory(as: UInt8.self, repeating: 0)
    let elements = length / narrow
    let first = min(elements, offset / wide)
    let end = min(elements, (offset + output.count - 1) / wide + 1)
    guard first < end else { return }
    let own = UnsafeMutableRawBufferPointer.allocate(byteCount: (end - first) * narrow, alignment: 1)
    defer { own.deallocate() }
    try array.read(dataAt: start + first * narrow, into: own)
    for index in own.indices {
      let (element, byte) = index.quotientAndRemainder(dividingBy: narrow)
      let place = (first + element) * wide + byte - offset
      if output.indices.contains(place) { output[place] = own[index] }
    }
  }
}
