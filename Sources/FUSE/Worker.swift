internal import CFuse
import Glibc
import Synchronization

/// A thread that takes requests from /dev/fuse and answers them, one after the other, with a buffer of its own.
struct Worker: Sendable {
  let thread: pthread_t

  private final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts a thread that runs `body`.
  static func start(_ body: @escaping @Sendable () -> Void) throws(Errno) -> Worker {
    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(body))
    let failure = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard failure == 0 else {
      start.release()
      throw Errno(rawValue: failure)
    }
    return Worker(thread: thread)
  }

  /// Serves until the mount is gone or the session is told to exit. Calls `afterInitialization` when INIT has been answered, in the
  /// one worker that got it.
  static func serve(_ connection: Connection, afterInitialization: () -> Void) {
    Signals.unblockWake()
    let session = connection.session
    // libfuse allocates the memory on first use, as large as the largest request.
    var buffer = fuse_buf()
    defer { free(buffer.mem) }
    var sawInitialized = connection.isInitialized.load(ordering: .acquiring)
    while fuse_session_exited(session) == 0 {
      let count = fuse_session_receive_buf(session, &buffer)
      if count == -EINTR { continue }
      // 0: unmounted. An error here would be there again at once.
      guard count > 0 else { break }
      fuse_session_process_buf(session, &buffer)
      guard !sawInitialized else { continue }
      sawInitialized = connection.isInitialized.load(ordering: .acquiring)
      if sawInitialized && connection.announceOnce() { afterInitialization() }
    }
    fuse_session_exit(session)
  }
}
