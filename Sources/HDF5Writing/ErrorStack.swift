import CHDF5

/// libhdf5 refused a call; who called adds file and object.
struct HDF5Refusal: Error {
  let reason: String
}

/// The library's own account of what went wrong, one per thread.
package enum ErrorStack {
  /// Keeps the library from printing its stack: the error that is thrown says it in one sentence.
  package static func silence() {
    _ = H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
  }

  /// The innermost entry, which names the cause; the others repeat it from further away.
  static func refusal() -> HDF5Refusal {
    var reason = ""
    withUnsafeMutablePointer(to: &reason) { pointer in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
        { _, entry, context in
          let reason = context?.assumingMemoryBound(to: String.self)
          if reason?.pointee.isEmpty == true, let text = entry?.pointee.desc { reason?.pointee = String(cString: text) }
          return 0
        }, pointer)
    }
    return HDF5Refusal(reason: reason.isEmpty ? "no reason given" : reason)
  }
}

/// Turns a negative status into an error.
func check(_ status: herr_t) throws(HDF5Refusal) {
  if status < 0 { throw ErrorStack.refusal() }
}
