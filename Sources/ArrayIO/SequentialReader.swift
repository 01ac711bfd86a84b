public import HDF5
internal import Synchronization

/// One open file as its reader goes through it: recognises who reads from front to back, and has what comes next made ready.
///
/// Not to be waited for by the reader is the whole point: a non-root mount cannot have the kernel read more than 128 KiB ahead
/// (FUSE.md 0), which is two requests under way, while inflating wants all cores and a slow store dozens of reads at a time
/// (18 times the throughput at 2 ms a read, FUSE.md 4.5).
public final class SequentialReader: Sendable {
  private struct State {
    /// Where the next read begins if it is sequential.
    var expected = 0
    /// Reads in a row that were.
    var run = 0
    /// How far ahead is made ready, in bytes; doubled with every read.
    var window = 0
    /// Everything before this has been made ready, or read.
    var horizon = 0
  }

  public let source: any ByteSource
  private let state = Mutex(State())

  /// The first window is a quarter of the longest, in these bounds: two requests of the largest size, and what is not too much
  /// for nothing where a reader stops.
  private static let firstWindow = 2 << 20
  private static let longestFirstWindow = 8 << 20
  /// The kernel's own readahead sends requests from several threads, which may overtake each other by this much.
  private static let tolerance = 2 << 20
  /// In bytes: two chunks of the usual size. Waking somebody takes as long as decoding a tenth of one.
  private static let worthSharing = 512 << 10
  /// Two reads that follow each other are a stream; one alone is a look at the header.
  private static let patience = 2

  public init(_ source: any ByteSource) { self.source = source }

  /// Reads by reference; see ``ByteSource/gather(at:_:into:)``.
  ///
  /// - Parameter buffer: at least `count` bytes of room.
  public func read(
    at offset: Int, _ count: Int, buffer: UnsafeMutableRawBufferPointer
  ) throws(ReadError) -> PieceSink {
    let (isStreaming, ahead) = advance(offset, count)
    if let ahead { source.prefetch(at: ahead.lowerBound, ahead.count) }
    // Nobody has worked ahead of this one: those who would have share the work now. This thread begins with the first block.
    if !isStreaming, count >= Self.worthSharing, try source.needsDecoding { source.prefetch(at: offset, count) }
    var sink = PieceSink(buffer: buffer, isStreaming: isStreaming)
    _ = try source.gather(at: offset, count, into: &sink)
    return sink
  }

  /// Notes a read. Says whether it is part of a stream, and what should be made ready now.
  private func advance(_ offset: Int, _ count: Int) -> (isStreaming: Bool, ahead: Range<Int>?) {
    let longest = source.longestWindow
    guard longest > 0, source.size > Self.firstWindow else { return (false, nil) }
    return state.withLock { state in
      let end = min(source.size, offset + count)
      let isNext = offset == state.expected || (state.run > 0 && abs(offset - state.expected) <= Self.tolerance)
      guard isNext else {
        // A seek: whoever goes on from here is a new stream.
        state = State(expected: end)
        return (false, nil)
      }
      state.run += 1
      state.expected = max(state.expected, end)
      return ahead(&state, end, longest)
    }
  }

  private func ahead(_ state: inout State, _ end: Int, _ longest: Int) -> (isStreaming: Bool, ahead: Range<Int>?) {
    guard state.run >= Self.patience else { return (false, nil) }
    state.window = min(longest, max(Self.firstWindow, min(longest / 4, Self.longestFirstWindow), state.window * 2))
    let first = max(state.horizon, end)
    let last = min(source.size, end + state.window)
    // In steps of a quarter of the window: a list of blocks for every request would cost more than it brings.
    guard last - first >= min(state.window / 4, source.size - end), last > first else { return (true, nil) }
    state.horizon = last
    return (true, first..<last)
  }
}
