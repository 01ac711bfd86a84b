internal import CHDF5

/// What libhdf5, or a check on what it returned, refused to do.
public struct HDF5Error: Error, Sendable, CustomStringConvertible {
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
    self.stack = Self.takeStack()
  }

  /// The innermost entry of the stack: where it went wrong, not who noticed.
  public var reason: String { stack.last ?? "unknown reason" }

  public var description: String {
    let place = object.isEmpty ? file : "\(file): \(object)"
    return "cannot \(operation) \(place): \(reason)"
  }

  private static func takeStack() -> [String] {
    var lines: [String] = []
    withUnsafeMutablePointer(to: &lines) { pointer in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_DOWNWARD,
        { _, entry, context in
          guard let entry, let context else { return 0 }
          let lines = context.assumingMemoryBound(to: [String].self)
          let function = entry.pointee.func_name.map { String(cString: $0) } ?? "?"
          let text = entry.pointee.desc.map { String(cString: $0) } ?? ""
          lines.pointee.append("\(text) (\(function))")
          return 0
        }, pointer)
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
    return lines
  }
}
