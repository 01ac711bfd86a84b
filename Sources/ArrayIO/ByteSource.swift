/// A file of the tree, as bytes: text that has been written, or an array that is read when asked for.
public protocol ByteSource: Sendable {
  /// In bytes, exact.
  var size: Int { get }

  /// Copies the bytes from `offset` on into `output`.
  ///
  /// - Returns: how many: all that was asked for, or what is left up to the end; never short in the middle.
  /// - Throws: ``ArrayError`` where what lies underneath cannot be read; `output` is then undefined.
  func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ArrayError) -> Int
}

extension ByteSource {
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

  public func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ArrayError) -> Int {
    let count = available(at: offset, output.count)
    guard count > 0 else { return 0 }
    bytes.withUnsafeBytes { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + count)])) }
    return count
  }
}
