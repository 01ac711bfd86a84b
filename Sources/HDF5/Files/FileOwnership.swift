internal import Glibc

/// Who may read a file.
public struct FileOwnership: Hashable, Sendable {
  /// The nine mode bits.
  public var permissions: UInt16
  public var owner: UInt32
  public var group: UInt32

  /// - Returns: nil where there is no such file.
  public init?(path: String) {
    var status = Glibc.stat()
    guard stat(path, &status) == 0 else { return nil }
    permissions = UInt16(status.st_mode & 0o777)
    owner = status.st_uid
    group = status.st_gid
  }
}
