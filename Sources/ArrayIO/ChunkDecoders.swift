internal import ChunkCodec
internal import Synchronization

/// Decoders that are used again: each has tables for inflating and a scratch buffer.
final class ChunkDecoders: Sendable {
  private final class Box: @unchecked Sendable {
    // Unchecked: whoever took the box out of the list is alone with it.
    var decoder: ChunkDecoder
    init() throws(CodecError) { decoder = try ChunkDecoder() }
  }
  private let free = Mutex<[Box]>([])

  /// Undoes the filters of a chunk.
  func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ pipeline: FilterPipeline,
    skipping mask: UInt32, _ trial: InflateTrial
  ) throws(CodecError) {
    let known = free.withLock { $0.popLast() }
    let box: Box
    if let known { box = known } else { box = try Box() }
    defer { free.withLock { $0.append(box) } }
    try box.decoder.decode(input, into: output, pipeline: pipeline, skipping: mask, trial)
  }
}
