internal import CAccess
internal import Glibc

/// What the attributes of a file or directory say of the users who may use it.
public struct FileMode: Hashable, Sendable {
  /// The nine bits for owner, group and others.
  public var permissions: UInt32
  public var owner: UInt32
  public var group: UInt32
  /// Whether an access control list says more than the bits do. The bits of the group are then those of the list's mask.
  public var hasAccessList: Bool

  public init(permissions: UInt32, owner: UInt32, group: UInt32, hasAccessList: Bool = false) {
    self.permissions = permissions
    self.owner = owner
    self.group = group
    self.hasAccessList = hasAccessList
  }

  /// Asks the file system, following links.
  /// - Returns: nil where there is no such file or directory, with `errno` set.
  public init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(
      permissions: status.st_mode & 0o777, owner: status.st_uid, group: status.st_gid,
      hasAccessList: Self.hasAccessList(path))
  }

  private static func hasAccessList(_ path: String) -> Bool {
    let size = getxattr(path, "system.posix_acl_access", nil, 0)
    // A list that cannot be read is one.
    guard size >= 0 else { return errno != ENODATA && errno != ENOTSUP }
    // A header of 4 bytes and entries of 8; three of them are the mode bits once more.
    return size > 4 + 3 * 8
  }

  /// Whether owner, group and others all have these rights, and no list takes them from a user.
  ///
  /// Owner and group count, too, because the system goes by the first of the three that fits: a file of mode 0604 is closed to its
  /// group.
  func isOpen(for right: Right) -> Bool { permissions & right.bits == right.bits && !hasAccessList }

  enum Right {
    case read, enter, readAndEnter

    var bits: UInt32 {
      switch self {
      case .read: 0o444
      case .enter: 0o111
      case .readAndEnter: 0o555
      }
    }
  }
}
