/// Why a file system does not answer a request.
public enum Refusal: Error, Sendable, Hashable {
  /// The caller gets this error.
  case error(Errno)
  /// The answer is not in memory, and this thread must not wait for it (`Request.mayWait`). The same is asked again by a thread that
  /// may; from that one the refusal becomes EAGAIN.
  case mustWait
}
