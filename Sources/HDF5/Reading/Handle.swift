internal import CHDF5

/// One open identifier of libhdf5, closed exactly once.
///
/// `deinit` cannot borrow the library token. It is sound all the same: handles live inside ``HDF5Library/withLock(_:)`` bodies
/// or in a ``FilePool``, which drops them inside one; and in the thread-safe build that Debian ships closing is safe anywhere.
struct Handle: ~Copyable, Sendable {
  let id: hid_t
  private let close: @convention(c) @Sendable (hid_t) -> herr_t

  /// Takes ownership of `id`; nil when it is not valid.
  init?(_ id: hid_t, _ close: @convention(c) @Sendable (hid_t) -> herr_t) {
    guard id >= 0 else { return nil }
    self.id = id
    self.close = close
  }

  deinit { _ = close(id) }
}

/// `H5P_DEFAULT` and its like are imported as `Int32`, while every parameter is an `hid_t`.
let defaultProperties = hid_t(H5P_DEFAULT)
