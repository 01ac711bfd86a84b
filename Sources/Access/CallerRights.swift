internal import CAccess
internal import Glibc
internal import Threads

/// The rights of another user to files, taken on by one thread while a closure runs.
///
/// Linux keeps credentials for each thread, so that all other threads go on with the rights of root. Leaving user 0 takes the
/// capabilities that override permissions out of the thread's effective set, and coming back restores them. The way there and back
/// takes 1.5 µs.
///
/// From the first time on the kernel regards the process as one that has changed its credentials: it dumps no core unless
/// `fs.suid_dumpable` says so.
public enum CallerRights {
  /// The rights that the threads of this process have otherwise.
  private struct Credentials {
    var user: uid_t
    var group: gid_t
    var groups: [gid_t]

    static func ofThisThread() -> Credentials {
      var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
      let count = getgroups(Int32(groups.count), &groups)
      return Credentials(user: geteuid(), group: getegid(), groups: Array(groups.prefix(Int(max(0, count)))))
    }
  }

  private static let own = Credentials.ofThisThread()

  /// Why this process cannot take on the rights of others, in words; nil where it can.
  public static func obstacle() -> String? {
    guard geteuid() == 0 else { return "only root can take on the rights of other users" }
    do throws(AccessError) {
      try take(Request.Caller(user: 65_534, group: 65_534, supplementaryGroups: [])) {}
      return nil
    } catch {
      return error.description
    }
  }

  /// Runs `body` with the caller's rights to files. Root's are those of this process.
  ///
  /// What `body` does must stay on this thread and be brief: a thread that it starts would keep the caller's rights.
  ///
  /// If the thread cannot get its own rights back, the process ends: whatever it did next would be done as the wrong user.
  /// - Throws: ``AccessError/noRights(user:reason:)`` where the rights cannot be taken on; `body` has not run then.
  static func take<R>(_ caller: Request.Caller, _ body: () -> R) throws(AccessError) -> R {
    guard caller.user != 0 else { return body() }
    // The number that stands for "no user": setfsuid would ignore it.
    guard caller.user != uid_t.max, caller.group != gid_t.max else {
      throw .noRights(user: caller.user, reason: "the kernel does not name the caller")
    }
    let own = own
    defer { takeBack(own) }
    guard caccess_set_groups(caller.supplementaryGroups.count, caller.supplementaryGroups) == 0 else {
      throw .noRights(user: caller.user, reason: "its groups cannot be set: \(String(cString: strerror(errno)))")
    }
    guard setFileGroup(caller.group), setFileUser(caller.user) else {
      throw .noRights(user: caller.user, reason: "this process may not set the user and group of a thread")
    }
    guard caccess_overrides_permissions() == 0 else {
      throw .noRights(user: caller.user, reason: "the thread keeps the capability to read any file")
    }
    return body()
  }

  private static func takeBack(_ own: Credentials) {
    // The user first: it brings the capabilities back.
    if setFileUser(own.user), setFileGroup(own.group), caccess_set_groups(own.groups.count, own.groups) == 0 { return }
    let sentence = Array("xfelfs: a thread could not take back the rights of the process, which ends\n".utf8)
    _ = write(2, sentence, sentence.count)
    abort()
  }

  private static func setFileUser(_ user: uid_t) -> Bool {
    _ = caccess_set_file_user(user)
    // The call returns the user before it, so a second one tells whether the first has worked.
    return caccess_set_file_user(user) == user
  }

  private static func setFileGroup(_ group: gid_t) -> Bool {
    _ = caccess_set_file_group(group)
    return caccess_set_file_group(group) == group
  }
}
