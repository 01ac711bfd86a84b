/// Why a chunk could not be decoded, or a pipeline not be built.
public enum CodecError: Error, Hashable, Sendable {
  /// The deflate stream is damaged or truncated, or its Adler-32 does not match.
  case corruptDeflateStream
  /// A step gave or got another number of bytes than the chunk has; `found` is nil where only "more" is known.
  case wrongSize(expected: Int, found: Int?)
  /// The Fletcher-32 stored behind the data is not the one of the data.
  case checksumMismatch(stored: UInt32, computed: UInt32)
  /// The filters are known, but not in this number or order.
  case unsupportedPipeline(Reason)
  /// No memory for a decompressor or a scratch buffer of `bytes` bytes.
  case outOfMemory(bytes: Int)

  /// What is wrong with a pipeline.
  public enum Reason: Hashable, Sendable {
    /// Nothing says how large the result of the inner one is.
    case deflateTwice
    /// The filter mask of a chunk has 32 bits.
    case moreThan32Filters
    /// An element has at least one byte.
    case elementSize(Int)
  }
}

extension CodecError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .corruptDeflateStream: "corrupt deflate stream"
    case .wrongSize(let expected, let found?): "\(found) bytes where \(expected) were expected"
    case .wrongSize(let expected, nil): "more bytes than the \(expected) expected"
    case .checksumMismatch(let stored, let computed):
      "Fletcher-32 stored as 0x\(String(stored, radix: 16)), computed as 0x\(String(computed, radix: 16))"
    case .unsupportedPipeline(.deflateTwice): "deflate occurs twice in the filter pipeline"
    case .unsupportedPipeline(.moreThan32Filters): "more than 32 filters in the pipeline"
    case .unsupportedPipeline(.elementSize(let size)): "shuffle with an element size of \(size)"
    case .outOfMemory(let bytes): "no memory for \(bytes) bytes"
    }
  }
}
