internal import CHDF5

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
