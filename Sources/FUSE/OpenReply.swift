internal import CFuse
import Glibc

/// The duty to answer one open. It can be handed to another thread, as an opening that waits must not keep a worker from
/// answering others; it cannot be answered twice, and if it is dropped unanswered the opener gets EIO.
///
/// It is safe to hold beyond the end of the session: the session's memory stays until the last reply is gone.
public struct OpenReply: ~Copyable, @unchecked Sendable {
  // Unchecked: libfuse takes a request's reply from any thread, and as the value cannot be copied only one thread at a time has it.
  private let request: OpaquePointer
  private let connection: Unmanaged<Connection>
  /// What the opener asked for; the callback's own copy lives no longer than the callback.
  private let flags: Int32

  init(_ request: OpaquePointer, _ connection: Connection, flags: Int32) {
    self.request = request
    self.connection = .passRetained(connection)
    self.flags = flags
  }

  deinit {
    fuse_reply_err(request, EIO)
    connection.release()
  }

  /// Whether the opener got a signal and no longer wants to wait; the opening may then end with `fail(.interrupted)`. Takes a lock.
  ///
  /// The kernel's message comes through a worker thread: it is not seen while every worker is busy.
  public var isInterrupted: Bool { fuse_req_interrupted(request) != 0 }

  /// Answers that the file is open.
  public consuming func send(_ opened: OpenedFile) {
    var information = fuse_file_info()
    information.flags = flags
    information.fh = opened.handle
    information.direct_io = opened.directIO ? 1 : 0
    information.keep_cache = opened.keepCache ? 1 : 0
    // There is nothing to write back when a descriptor is closed: no message for it.
    information.noflush = 1
    // -ENOENT: the opener got a signal and is gone, and so will no RELEASE come.
    if fuse_reply_open(request, &information) == -ENOENT {
      connection.takeUnretainedValue().fileSystem.release(handle: opened.handle)
    }
    connection.release()
    discard self
  }

  /// Answers with an error.
  public consuming func fail(_ error: Errno) {
    fuse_reply_err(request, error.rawValue)
    connection.release()
    discard self
  }
}
