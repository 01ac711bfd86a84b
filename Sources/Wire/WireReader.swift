/// A message from another process, as it is being read.
///
/// The other process may have been overwritten by the file that it was reading, so nothing in a message is believed: every count is
/// held against what is left of the message before memory is asked for.
public struct WireReader: Sendable {
  /// The message ends too early, or says what cannot be.
  public struct Garbled: Error {
    public init() {}
  }

  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var isAtEnd: Bool { position == bytes.count }

  public mutating func number() throws(Garbled) -> UInt64 {
    guard bytes.count - position >= 8 else { throw Garbled() }
    defer { position += 8 }
    return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self)) }
  }

  public mutating func integer() throws(Garbled) -> Int { Int(Int64(bitPattern: try number())) }

  public mutating func byte() throws(Garbled) -> UInt8 {
    guard position < bytes.count else { throw Garbled() }
    defer { position += 1 }
    return bytes[position]
  }

  public mutating func flag() throws(Garbled) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw Garbled()
    }
  }

  /// A count of things that take at least `size` bytes each.
  public mutating func count(ofSize size: Int) throws(Garbled) -> Int {
    let count = try number()
    guard count <= UInt64((bytes.count - position) / max(1, size)) else { throw Garbled() }
    return Int(count)
  }

  public mutating func text() throws(Garbled) -> String {
    let count = try count(ofSize: 1)
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  public mutating func texts() throws(Garbled) -> [String] {
    var texts: [String] = []
    for _ in 0..<(try count(ofSize: 8)) { texts.append(try text()) }
    return texts
  }

  public mutating func integers() throws(Garbled) -> [Int] {
    try numbers().map { Int(Int64(bitPattern: $0)) }
  }

  public mutating func numbers() throws(Garbled) -> [UInt64] {
    let count = try count(ofSize: 8)
    let start = position
    position += 8 * count
    return bytes.withUnsafeBytes { raw in
      [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
          buffer.initializeElement(
            at: index, to: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: start + 8 * index, as: UInt64.self)))
        }
        initialized = count
      }
    }
  }

  public mutating func blob() throws(Garbled) -> [UInt8] {
    let count = try count(ofSize: 1)
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  public mutating func value<Value: WireValue>() throws(Garbled) -> Value { try Value(from: &self) }

  public mutating func values<Value: WireValue>() throws(Garbled) -> [Value] {
    var values: [Value] = []
    for _ in 0..<(try count(ofSize: 1)) { values.append(try Value(from: &self)) }
    return values
  }

  public mutating func optional<Value: WireValue>() throws(Garbled) -> Value? {
    try flag() ? try Value(from: &self) : nil
  }
}
