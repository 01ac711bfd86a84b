internal import Glibc

/// Why a file cannot be read now. The next time it may be readable, so nothing is concluded from such an error, and nothing of it is
/// kept: what was to be made of the file fails with it.
///
/// Its counterpart is ``HDF5Error``: what is wrong with the file itself, which is a fact like any other that is read from it.
public struct PassingError: Error, Sendable, CustomStringConvertible {
  public enum Cause: Hashable, Sendable {
    /// A system call failed.
    case system(errno: Int32)
    /// The file must not be opened now: it is on tape, for instance.
    case refused
    /// The caller may not read it.
    case denied
    /// It is not the file that it was when the run was opened.
    case changed
    /// The process that read it was given up, or could not be started.
    case worker
    /// This thread must not wait for a file (``Threads/Request/mayWait``).
    case mustWait
    /// The caller was interrupted.
    case interrupted
  }
  public var cause: Cause
  /// The path of the file.
  public var file: String
  /// The path of the object inside the file; empty for the file itself.
  public var object: String
  public var reason: String

  public init(_ cause: Cause, file: String, object: String = "", reason: String) {
    self.cause = cause
    self.file = file
    self.object = object
    self.reason = reason
  }

  /// A system call that failed with `code`.
  public init(errno code: Int32, file: String, object: String = "") {
    self.init(.system(errno: code), file: file, object: object, reason: String(cString: strerror(code)))
  }

  static func mustWait(_ file: String) -> PassingError {
    PassingError(.mustWait, file: file, reason: "this thread must not wait for it")
  }

  static func interrupted(_ file: String) -> PassingError {
    PassingError(.interrupted, file: file, reason: "the reading was interrupted")
  }

  /// A file that is not what it was.
  public static func changed(_ file: String, object: String = "") -> PassingError {
    PassingError(
      .changed, file: file, object: object,
      reason: "it changed since the run was opened; mount the run again to see it as it is")
  }

  /// What a reader gets for it.
  ///
  /// Never ENOENT or its like: they say that a name is not in the tree, where only a file behind it has gone.
  public var errno: Int32 {
    switch cause {
    case .system(ENOENT), .system(ENOTDIR), .system(ELOOP), .system(EISDIR), .system(ENODATA): EIO
    case .system(let errno): errno
    case .denied: EACCES
    case .mustWait: EAGAIN
    case .interrupted: EINTR
    case .refused, .changed, .worker: EIO
    }
  }

  /// What the code that has the file opened gets for it: ENOENT has libhdf5 look for a linked file elsewhere.
  var openingErrno: Int32 {
    if case .system(let errno) = cause { return errno }
    return errno
  }

  public var description: String {
    let place = object.isEmpty ? file : "\(file): \(object)"
    return "cannot read \(place): \(reason)"
  }
}
