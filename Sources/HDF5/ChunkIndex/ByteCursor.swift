/// Reads little-endian numbers one after another and never beyond the end: nil says that the bytes ran out.
struct ByteCursor {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// Bytes left.
  var remaining: Int { bytes.endIndex - position }

  /// A number of `size` bytes, 1 to 8.
  mutating func number(_ size: Int) -> UInt64? {
    guard let part = slice(size) else { return nil }
    return part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The next `count` bytes.
  mutating func slice(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= remaining else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
