public import HDF5

/// A file of the tree, as bytes: text that has been written, or an array that is read when asked for.
public protocol ByteSource: Sendable {
  /// In bytes, exact.
  var size: Int { get }

  /// Copies the bytes from `offset` on into `output`.
  ///
  /// - Returns: how many: all that was asked for, or what is left up to the end; never short in the middle.
  /// - Throws: ``ReadError`` where what lies underneath cannot be read; `output` is then undefined.
  func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int

  /// The same, by reference where the bytes are in memory anyway.
  func gather(at offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) -> Int

  /// Has a range made ready by other threads. Only a hint: nothing need come of it.
  func prefetch(at offset: Int, _ count: Int)

  /// How far ahead of a sequential reader it is worth making ready, in bytes; 0 for what is computed or in memory.
  var longestWindow: Int { get }

  /// Whether reading it again costs as much as the first time did, and that was more than copying: what has to be decoded.
  var needsDecoding: Bool { get throws(ReadError) }

  /// Whether a read needs nothing but memory, and so cannot have to wait for a file.
  var isInMemory: Bool { get }
}

extension ByteSource {
  public var needsDecoding: Bool { get throws(ReadError) { false } }

  public var isInMemory: Bool { false }

  public func gather(at offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) -> Int {
    let count = available(at: offset, count)
    return try read(at: offset, into: sink.reserve(count))
  }

  public func prefetch(at offset: Int, _ count: Int) {}

  public var longestWindow: Int { 0 }

  /// How many of `count` bytes at `offset` there are.
  func available(at offset: Int, _ count: Int) -> Int {
    offset < 0 || offset >= size ? 0 : min(count, size - offset)
  }
}

/// Bytes that are in memory.
public struct BytesSource: ByteSource {
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var size: Int { bytes.count }

  public var isInMemory: Bool { true }

  public func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int {
    let count = available(at: offset, output.count)
    guard count > 0 else { return 0 }
    bytes.withUnsafeBytes { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)])) }
    return count
  }
}
