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
    self.stack = ErrorStack.take(library)
  }

  /// The innermost entry of the stack: where it went wrong, not who noticed.
  public var reason: String { stack.last ?? "unknown reason" }

  public var description: String {
    let place = object.isEmpty ? file : "\(file): \(object)"
    return "cannot \(operation) \(place): \(reason)"
  }
}

/// The error stack of the last call of libhdf5 that failed.
///
/// Every call of the library begins by clearing its stack, the closing of a handle too: by the time an error is made there may be
/// nothing left of it. So it is copied while the call that failed is still returning.
enum ErrorStack {
  /// Only touched by whoever holds the library's token, and so by one thread at a time.
  nonisolated(unsafe) private static var last: [String] = []

  /// Asks for the copy, in place of the library's own printing. Per thread in a thread-safe build.
  static func watch() {
    H5Eset_auto2(hid_t(H5E_DEFAULT), { stack, _ in ErrorStack.copy(stack) }, nil)
  }

  /// Takes what the last failure left.
  static func take(_ library: borrowing HDF5Library) -> [String] {
    defer { last = [] }
    return last
  }

  private static func copy(_ stack: hid_t) -> herr_t {
    var lines: [String] = []
    let status = withUnsafeMutablePointer(to: &lines) { pointer in
      H5Ewalk2(
        stack, H5E_WALK_DOWNWARD,
        { _, entry, context in
          guard let entry, let context else { return 0 }
          let function = entry.pointee.func_name.map { String(cString: $0) } ?? "?"
          let text = entry.pointee.desc.map { String(cString: $0) } ?? ""
          context.assumingMemoryBound(to: [String].self).pointee.append("\(text) (\(function))")
          return 0
        }, pointer)
    }
    last = lines
    return status
  }
}
