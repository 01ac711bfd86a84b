internal import Glibc

/// Why a caller does not get what it asks for.
public enum AccessError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The user may not read the file, or not enter a directory above it.
  case denied(path: String, user: UInt32)
  /// The file at the path is not the one that the run was opened with, so the right to it says nothing.
  case changed(path: String)
  /// Whether the user may read it cannot be found out now.
  case failed(path: String, errno: Int32)
  /// The rights of the user cannot be taken on.
  case noRights(user: UInt32, reason: String)
  /// Nothing is known of it yet, and this thread must not wait for a file (`Request.mayWait`).
  case mustWait
  /// The caller was interrupted.
  case interrupted

  /// What a reader gets for it.
  public var errno: Int32 {
    switch self {
    case .denied, .noRights: EACCES
    case .changed: EIO
    // The name that the reader has is there all the same.
    case .failed(_, ENOENT), .failed(_, ENOTDIR), .failed(_, ELOOP): EIO
    case .failed(_, let errno): errno
    case .mustWait: EAGAIN
    case .interrupted: EINTR
    }
  }

  public var description: String {
    switch self {
    case .denied(let path, let user): "user \(user) may not read \(path)"
    case .changed(let path):
      "cannot tell which users may read \(path): another file has been put there; mount the run again"
    case .failed(let path, let errno): "cannot tell which users may read \(path): \(String(cString: strerror(errno)))"
    case .noRights(let user, let reason): "cannot take on the rights of user \(user): \(reason)"
    case .mustWait: "it has to be waited for"
    case .interrupted: "Interrupted"
    }
  }
}
