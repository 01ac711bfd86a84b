internal import CDeflate

/// A libdeflate decompressor. Not for two threads at once; worth keeping from chunk to chunk.
struct Inflater: ~Copyable {
  private let decompressor: OpaquePointer

  /// - Throws: `CodecError.outOfMemory`.
  init() throws(CodecError) {
    guard let decompressor = libdeflate_alloc_decompressor() else { throw .outOfMemory(bytes: 0) }
    self.decompressor = decompressor
  }

  deinit {
    libdeflate_free_decompressor(decompressor)
  }

  /// Inflates one zlib stream that must give exactly `output.count` bytes. Bytes behind the stream are ignored, as
  /// libhdf5 does. The Adler-32 is checked: for most chunks it is the only integrity check there is, and leaving it out
  /// would gain 7 % at most.
  ///
  /// - Throws: `corruptDeflateStream`, `wrongSize`. `output` is then partly written.
  func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(CodecError) {
    // libdeflate asks for pointers even where there is nothing to read or write.
    guard let source = input.baseAddress else { throw .corruptDeflateStream }
    var nothing: UInt8 = 0
    var produced = 0
    let result = withUnsafeMutablePointer(to: &nothing) { spare in
      libdeflate_zlib_decompress(
        decompressor, source, input.count, output.baseAddress ?? UnsafeMutableRawPointer(spare), output.count,
        &produced)
    }
    switch result {
    case LIBDEFLATE_SUCCESS where produced == output.count: return
    case LIBDEFLATE_SUCCESS: throw .wrongSize(expected: output.count, found: produced)
    case LIBDEFLATE_INSUFFICIENT_SPACE: throw .wrongSize(expected: output.count, found: nil)
    default: throw .corruptDeflateStream
    }
  }
}
