internal import CFuse
import Synchronization

/// What we and the kernel agree on in INIT.
enum Negotiation {
  private static let wanted =
    FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS
    | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO

  /// Splicing: with requests of 1 MiB libfuse 3.14 needs a larger pipe than an ordinary user gets, and copies instead.
  /// AUTO_INVAL_DATA: nothing changes under the kernel, so it need not compare modification times at each read. A size that
  /// becomes known later still discards cached pages.
  /// Locks: the kernel's own are right for files nobody else has.
  private static let unwanted =
    FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_AUTO_INVAL_DATA
    | FUSE_CAP_POSIX_LOCKS | FUSE_CAP_FLOCK_LOCKS

  /// The body of the `init` operation. `max_readahead`, `max_write` and with them the largest READ (1 MiB) stay as offered.
  static func start(_ connection: Connection, _ information: inout fuse_conn_info) {
    information.want |= information.capable & UInt32(wanted)
    information.want &= ~UInt32(unwanted)
    information.max_background = connection.options.maximumBackgroundRequests
    connection.isInitialized.store(true, ordering: .releasing)
  }
}
