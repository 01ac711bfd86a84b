/// A message from one process to another, as it is being written: numbers of 64 bits, little-endian; texts and lists behind their
/// length.
public struct WireWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func put(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func put(_ number: Int) { put(UInt64(bitPattern: Int64(number))) }

  public mutating func put(_ flag: Bool) { put(byte: flag ? 1 : 0) }

  /// One byte: what distinguishes the cases of an enum, for instance.
  public mutating func put(byte: UInt8) { bytes.append(byte) }

  public mutating func put(_ text: String) {
    put(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  public mutating func put(_ texts: [String]) {
    put(texts.count)
    for text in texts { put(text) }
  }

  public mutating func put(_ numbers: [Int]) {
    put(numbers.count)
    for number in numbers { put(number) }
  }

  public mutating func put(_ numbers: [UInt64]) {
    put(numbers.count)
    #if _endian(little)
      numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    #else
      for number in numbers { put(number) }
    #endif
  }

  /// Bytes behind their number.
  public mutating func put(bytes more: some Collection<UInt8>) {
    put(more.count)
    bytes.append(contentsOf: more)
  }

  public mutating func put(_ value: some WireValue) { value.write(to: &self) }

  public mutating func put<Value: WireValue>(_ values: [Value]) {
    put(values.count)
    for value in values { value.write(to: &self) }
  }

  public mutating func put<Value: WireValue>(optional value: Value?) {
    put(value != nil)
    value?.write(to: &self)
  }
}
