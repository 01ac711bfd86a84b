public import Access
public import FUSE
internal import Glibc

extension RunAccess {
  /// How other users are kept to what they may read.
  public enum Policy: Sendable {
    /// Only the user that has mounted it gets in, whose rights are those of this process.
    case oneUser
    /// Others get in, and each may read what it may read in the run. To ask the file system that takes root.
    case asCaller(FileAccessCheck)
    /// Others get in for as long as all of the run is open to all users: the most that the daemon of an ordinary user can find out.
    case whileOpenToAll(OpenToAllCheck)

    /// - Parameters:
    ///   - options: what is asked of FUSE; what the policy needs of it is added.
    ///   - isOnTape: whether opening a file would fetch it from tape. Must not wait.
    /// - Throws: ``MountRefusal`` where others are to be let in, and this process cannot check what they may read.
    public init(_ options: inout MountOptions, isOnTape: @escaping @Sendable (String) -> Bool) throws(MountRefusal) {
      guard options.allowsOther else {
        self = .oneUser
        return
      }
      options.checksCallers = true
      guard geteuid() == 0 else {
        options.checksPermissions = true
        self = .whileOpenToAll(OpenToAllCheck())
        return
      }
      if let obstacle = CallerRights.obstacle() { throw MountRefusal("allow_other is not possible: \(obstacle)") }
      self = .asCaller(FileAccessCheck(isOnTape: isOnTape))
    }
  }
}
