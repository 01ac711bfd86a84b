internal import CHDF5

/// An HDF5 identifier with one owner, closed at the end of its life, or by ``close()`` where closing can fail: what is still
/// in the library's caches reaches the file only then.
struct OutputHandle: ~Copyable {
  typealias Close = @convention(c) (hid_t) -> herr_t

  let id: hid_t
  private let closeFunction: Close

  /// Takes over an identifier that a call has just returned; negative ones are that call's failure.
  init(_ id: hid_t, closedBy closeFunction: @escaping Close) throws(HDF5Refusal) {
    guard id >= 0 else { throw HDF5Refusal.latest() }
    self.id = id
    self.closeFunction = closeFunction
  }

  deinit { _ = closeFunction(id) }

  consuming func close() throws(HDF5Refusal) {
    let status = closeFunction(id)
    discard self
    try check(status)
  }
}
