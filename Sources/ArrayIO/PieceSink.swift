/// Where a read puts its bytes: pieces of chunks that are in memory anyway, by reference, and the rest into a buffer of the
/// caller's. What comes out in order are the bytes that were asked for, without one having been copied twice.
public struct PieceSink {
  private let buffer: UnsafeMutableRawBufferPointer
  private var used = 0
  /// In order.
  public private(set) var pieces: [UnsafeRawBufferPointer] = []
  /// Keeps what `pieces` points at.
  private var owners: [Slab] = []
  /// Whether the reader goes through the array from front to back: blocks are then made ahead of it, and done with behind it.
  public let isStreaming: Bool

  /// A piece by reference costs a vector in the reply; below this a copy is cheaper.
  private static let smallestReference = 4096

  /// - Parameter buffer: room for everything that will be asked for.
  public init(buffer: UnsafeMutableRawBufferPointer, isStreaming: Bool) {
    self.buffer = buffer
    self.isStreaming = isStreaming
  }

  /// The next `count` bytes, for the caller to fill.
  public mutating func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer[used..<(used + count)])
    used += count
    if let last = pieces.last, let base = last.baseAddress, base + last.count == UnsafeRawPointer(room.baseAddress) {
      pieces[pieces.count - 1] = UnsafeRawBufferPointer(start: base, count: last.count + count)
    } else if count > 0 {
      pieces.append(UnsafeRawBufferPointer(room))
    }
    return room
  }

  /// Copies what came by reference to where it belongs in the buffer, for those who want all of it in one piece.
  ///
  /// - Parameter output: the buffer that the sink was made with.
  public func settle(in output: UnsafeMutableRawBufferPointer) {
    // From the back: what was reserved lies before its place, never behind it.
    var end = pieces.reduce(0) { $0 + $1.count }
    for piece in pieces.reversed() {
      end -= piece.count
      guard let target = output.baseAddress.map({ $0 + end }), let source = piece.baseAddress else { continue }
      if source != UnsafeRawPointer(target) { target.copyMemory(from: source, byteCount: piece.count) }
    }
  }

  /// Bytes of a chunk as the next ones.
  mutating func append(_ slab: Slab, _ range: Range<Int>) {
    let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(slab.bytes)[range])
    guard range.count >= Self.smallestReference, pieces.count < 512 else {
      reserve(range.count).copyMemory(from: bytes)
      return
    }
    pieces.append(bytes)
    if owners.last !== slab { owners.append(slab) }
  }
}
