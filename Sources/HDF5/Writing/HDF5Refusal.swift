internal import CHDF5

/// libhdf5 refused a call; the caller adds file and object.
struct HDF5Refusal: Error {
  let reason: String

  /// The innermost entry of the library's own account of what went wrong in this thread, which names the cause; the others repeat it
  /// from further away.
  static func latest() -> HDF5Refusal {
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
  if status < 0 { throw HDF5Refusal.latest() }
}
