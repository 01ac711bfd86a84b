internal import CDeflate
internal import CISAL

/// Inflates zlib streams (RFC 1950). Not for two threads at once; worth keeping from chunk to chunk.
///
/// Two libraries do it, whichever the dataset's ``InflateTrial`` prefers. A stream that ISA-L does not take, or whose Adler-32
/// is not the one that libdeflate computes, is for libdeflate to inflate or to refuse: what counts as damaged does not depend
/// on who is faster.
///
/// A third way, two streams in turns on one core without a branch on the kind of symbol, was tried: 1.10 times as fast as
/// libdeflate for f32, and 0.8 to 0.95 times for masks and short matches.
struct Inflater: ~Copyable {
  private let decompressor: OpaquePointer
  /// ISA-L's, 90 KB.
  private let state: UnsafeMutableRawPointer

  /// - Throws: `CodecError.outOfMemory`.
  init() throws(CodecError) {
    guard let decompressor = libdeflate_alloc_decompressor() else { throw .outOfMemory(bytes: 0) }
    guard let state = cisal_inflate_state() else {
      libdeflate_free_decompressor(decompressor)
      throw .outOfMemory(bytes: 0)
    }
    self.decompressor = decompressor
    self.state = state
  }

  deinit {
    libdeflate_free_decompressor(decompressor)
    free(state)
  }

  /// Inflates one zlib stream that must give exactly `output.count` bytes. Bytes behind the stream are ignored, as
  /// libhdf5 does. The Adler-32 is checked: for most chunks it is the only integrity check there is, and it costs 2 %.
  ///
  /// - Throws: `corruptDeflateStream`, `wrongSize`. `output` is then partly written.
  func inflate(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ trial: InflateTrial
  ) throws(CodecError) {
    let (library, isMeasured) = trial.next()
    let begin = isMeasured ? InflateTrial.processorTime() : 0
    if library == .libdeflate || !isInflatedByISAL(input, into: output) {
      try inflateByLibdeflate(input, into: output)
    }
    if isMeasured {
      trial.note(library, nanoseconds: InflateTrial.processorTime() - begin, bytes: output.count)
    }
  }

  private func inflateByLibdeflate(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(CodecError) {
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

  /// The bytes around the deflate stream: two of a head in front, four of Adler-32 behind.
  private static let headSize = 2
  private static let checksumSize = 4

  /// Whether the stream was inflated, was as long as it must be, and has the right checksum. False says nothing about it.
  private func isInflatedByISAL(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
    guard input.count > Self.headSize + Self.checksumSize, let source = input.baseAddress,
      let target = output.baseAddress, let room = UInt32(exactly: output.count),
      let size = UInt32(exactly: input.count - Self.headSize), Self.isHead(input[0], input[1])
    else { return false }
    var produced: UInt32 = 0
    var consumed: UInt32 = 0
    let result = cisal_inflate(
      state, (source + Self.headSize).assumingMemoryBound(to: UInt8.self), size,
      target.assumingMemoryBound(to: UInt8.self), room, &produced, &consumed)
    guard result == ISAL_DECOMP_OK, produced == room, Int(consumed) <= Int(size) - Self.checksumSize else {
      return false
    }
    let stored = UInt32(bigEndian: input.loadUnaligned(fromByteOffset: Self.headSize + Int(consumed), as: UInt32.self))
    return stored == libdeflate_adler32(1, target, output.count)
  }

  /// Whether two bytes begin a zlib stream without a preset dictionary (RFC 1950, 2.2).
  private static func isHead(_ method: UInt8, _ flags: UInt8) -> Bool {
    method & 15 == 8 && method >> 4 <= 7 && flags & 0x20 == 0 && (Int(method) << 8 | Int(flags)) % 31 == 0
  }
}
