/// What can be part of a message between processes.
public protocol WireValue {
  func write(to writer: inout WireWriter)
  /// - Throws: ``WireReader/Garbled`` where the message does not hold such a value.
  init(from reader: inout WireReader) throws(WireReader.Garbled)
}

extension Int: WireValue {
  public func write(to writer: inout WireWriter) { writer.put(UInt64(bitPattern: Int64(self))) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { self = try reader.integer() }
}

extension Optional: WireValue where Wrapped: WireValue {
  public func write(to writer: inout WireWriter) { writer.put(optional: self) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { self = try reader.optional() }
}

extension Array: WireValue where Element: WireValue {
  public func write(to writer: inout WireWriter) { writer.put(self as [Element]) }
  public init(from reader: inout WireReader) throws(WireReader.Garbled) { self = try reader.values() }
}
