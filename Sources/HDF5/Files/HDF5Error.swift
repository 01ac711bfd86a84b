internal import CHDF5
public import Wire

/// What is wrong with a file, or with a question about it: a fact, which stays true as long as the file is the same.
///
/// What may be otherwise the next time is a ``PassingError``.
public struct HDF5Error: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was being done, in words: `open`, `read`, `list`.
  public var operation: String
  /// The path of the HDF5 file.
  public var file: String
  /// The path of the object inside the file; empty for the file itself.
  public var object: String
  /// The library's own error stack, outermost call first; or one sentence of our own.
  public var stack: [String]

  public init(_ operation: String, file: String, object: String = "", reason: String) {
    self.operation = operation
    self.file = file
    self.object = object
    self.stack = [reason]
  }

  /// Takes over the error stack that the failed call left in this thread.
  init(_ operation: String, file: String, object: String, _ library: borrowing HDF5Library) {
    self.operation = operation
    self.file = file
    self.object = object
    self.stack = ErrorStack.take(library)
  }

  /// The innermost entry of the stack: where it went wrong, not who noticed.
  public var reason: String { stack.last ?? "unknown reason" }

  public var description: String {
    let place = object.isEmpty ? file : "\(file): \(object)"
    return "cannot \(operation) \(place): \(reason)"
  }
}

extension HDF5Error: WireValue {
  public func write(to writer: inout WireWriter) {
    writer.put(operation)
    writer.put(file)
    writer.put(object)
    writer.put(stack)
  }

  public init(from reader: inout WireReader) throws(WireReader.Garbled) {
    operation = try reader.text()
    file = try reader.text()
    object = try reader.text()
    stack = try reader.texts()
  }
}
