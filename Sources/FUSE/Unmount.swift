internal import CFuse
import Glibc

extension MountPoint {
  /// Unmounts what lies at `path` and waits (up to five seconds) until it is gone from the mount table. Throws a sentence if nothing
  /// is mounted there, if it is not one of our mounts, or if it is in use.
  ///
  /// `lazy` takes a mount in use out of sight; it ends when its last user does. A mount whose daemon is gone is always taken away
  /// like that: it has no users to spare.
  public static func unmount(_ path: String, lazy: Bool = false) throws(MountError) {
    let mount = try ours(at: path)
    let place = mount.mountPoint
    do throws(Errno) {
      try release(place, lazy: lazy)
    } catch .busy {
      // Not before: a question to a daemon that hangs waits in the mount, and so keeps it in use.
      guard isDead(place) else { throw busy(place) }
      do throws(Errno) { try release(place, lazy: true) } catch { throw refusal(of: place, error) }
    } catch {
      throw refusal(of: place, error)
    }
    for _ in 0..<500 {
      guard let table = try? MountTable.current(), table.entries.contains(where: mount.isSame(as:)) else { return }
      usleep(10_000)
    }
    throw MountError("\(place) is still mounted, five seconds after it was unmounted")
  }

  private static func refusal(of place: String, _ error: Errno) -> MountError {
    MountError("cannot unmount \(place): \(error)")
  }

  private static func ours(at path: String) throws(MountError) -> MountEntry {
    let found: (path: String, mount: MountEntry?)
    do throws(Errno) {
      found = try MountTable.current().find(path)
    } catch {
      throw MountError("cannot unmount \(path): \(error)")
    }
    guard let mount = found.mount else { throw MountError("nothing is mounted at \(path)") }
    guard mount.type == Naming.fileSystemType else {
      throw MountError(
        "\(path) is the mount point of \(mount.source) (\(mount.type)), not of \(Naming.subtype): use umount \(path)")
    }
    return mount
  }

  /// Unmounts what is on top at `place`, a resolved path: by umount2 as root, else by fusermount3. Throws `.busy` if it is in use.
  static func release(_ place: String, lazy: Bool) throws(Errno) {
    if geteuid() == 0 {
      if umount2(place, Int32(UMOUNT_NOFOLLOW) | (lazy ? Int32(MNT_DETACH) : 0)) == 0 { return }
      // Root of a container may lack the right to unmount; fusermount3 may have it.
      guard errno == EPERM else { throw .current }
    }
    let words = ["fusermount3", "-u", "-q"] + (lazy ? ["-z"] : []) + ["--", place]
    guard try Process.run(words) != 0 else { return }
    // It does not say why; a mount that is still there and alive is one in use.
    let isThere = (try? MountTable.current())?.mount(at: place) != nil
    throw isThere && !isOwnedByOther(place) ? .busy : .notPermitted
  }

  private static func isOwnedByOther(_ place: String) -> Bool {
    var status = stat()
    // Without allow_other another user's mount cannot even be looked at.
    return stat(place, &status) != 0 && errno == EACCES
  }

  private static func busy(_ place: String) -> MountError {
    let users = MountUsers.find(under: place)
    let list = users.prefix(5).joined(separator: ", ")
    let who = users.isEmpty ? "" : " by \(list)\(users.count > 5 ? " and \(users.count - 5) more" : "")"
    return MountError(
      "\(place) is in use\(who): end that first, or take the mount away from under it with "
        + "\(Naming.unmountCommand) --lazy \(place)")
  }
}

/// The processes that keep a mount busy.
enum MountUsers {
  /// "PID (command)" of every process that has a directory, open file or mapping under `place`, as far as /proc shows it to us.
  static func find(under place: String) -> [String] {
    (SystemFile.names(in: "/proc") ?? []).compactMap { Int($0) }.sorted().compactMap { process in
      guard uses("/proc/\(process)", place) else { return nil }
      let command = SystemFile.read("/proc/\(process)/comm") ?? "?\n"
      return "\(process) (\(command.split(separator: "\n").first ?? "?"))"
    }
  }

  private static func uses(_ process: String, _ place: String) -> Bool {
    func isInside(_ path: String?) -> Bool {
      guard let path else { return false }
      return path == place || path.hasPrefix(place + "/")
    }
    if isInside(SystemFile.link("\(process)/cwd")) || isInside(SystemFile.link("\(process)/root")) { return true }
    for name in SystemFile.names(in: "\(process)/fd") ?? [] where isInside(SystemFile.link("\(process)/fd/\(name)")) {
      return true
    }
    // numpy closes the file after mapping it.
    guard let maps = SystemFile.read("\(process)/maps") else { return false }
    return maps.split(separator: "\n").contains { line in
      guard let slash = line.firstIndex(of: "/") else { return false }
      return isInside(String(line[slash...]))
    }
  }
}
