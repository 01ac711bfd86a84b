internal import ArrayIO
internal import CLinux
internal import Glibc

/// A file that is there as a whole or not at all: it is written beside its place and renamed when it is complete and on the disk.
/// What ends the process before that, leaves what was there. A device or a pipe is written to as it is.
struct AtomicFile {
  let place: OutputPlace

  /// Looks whether `path` may be written; nothing is made before ``write(modified:_:)``.
  ///
  /// - Parameters:
  ///   - path: a link is followed to what it points at.
  ///   - runs: where nothing may be written.
  ///   - replacing: whether a plain file that is there may be replaced.
  /// - Throws: ``Failure`` with the reason why not.
  init(_ path: String, outside runs: RunGuard, replacing: Bool) throws(Failure) {
    let place = try OutputPlace(path)
    try runs.check(place)
    try self.init(place, replacing: replacing)
  }

  /// The same for a place that lies outside of all runs.
  init(_ place: OutputPlace, replacing: Bool) throws(Failure) {
    switch place.occupant {
    case .directory: throw Failure("cannot write \(place.path): it is a directory")
    case .file where !replacing: throw place.isTaken
    default: break
    }
    self.place = place
  }

  /// Has `body` write the file to a descriptor, and puts it in its place.
  ///
  /// - Parameter modified: the time that the file is given; the present if nil.
  /// - Throws: what `body` does, or a ``Failure`` that names the file; nothing of it is left then.
  func write(modified: timespec? = nil, _ body: (Int32) throws(Failure) -> Void) throws(Failure) {
    switch place.occupant {
    case .descriptor(let descriptor): try body(descriptor)
    case .stream: try writeThrough(body)
    default:
      let draft = try draft(modified: modified, isSynchronized: true, body)
      defer { Drafts.shared.discard(draft) }
      try place.publish(draft)
      place.directory.synchronize()
    }
  }

  /// The bytes of a whole file.
  func write(_ bytes: [UInt8]) throws(Failure) {
    try write { (descriptor) throws(Failure) in
      try Output.write(BytesSource(bytes), to: descriptor, place.path)
    }
  }

  private func writeThrough(_ body: (Int32) throws(Failure) -> Void) throws(Failure) {
    let descriptor = openat(place.directory.descriptor, place.name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw place.failure() }
    defer { close(descriptor) }
    try body(descriptor)
  }

  /// Has `body` write the file beside its place, where that is not a device or a pipe; it is the caller's to publish or to discard.
  ///
  /// - Parameter isSynchronized: whether it is to be on the disk when this returns.
  func draft(
    modified: timespec?, isSynchronized: Bool, _ body: (Int32) throws(Failure) -> Void
  ) throws(Failure) -> Drafts.Draft {
    let directory = place.directory
    var descriptor: Int32 = -1
    let draft = try Drafts.shared.make(in: directory) { (name) throws(Failure) in
      // libhdf5 reads what it has written.
      descriptor = openat(directory.descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw place.failure() }
    }
    defer { close(descriptor) }
    do throws(Failure) {
      if place.occupant == .file { keepOwner(for: descriptor) }
      try body(descriptor)
      if let modified { _ = futimens(descriptor, [modified, modified]) }
      guard !isSynchronized || fsync(descriptor) == 0 else { throw place.failure() }
      return draft
    } catch {
      Drafts.shared.discard(draft)
      throw error
    }
  }

  /// Gives the new file the owner, as far as that is allowed, and the permissions of the one that it replaces.
  private func keepOwner(for descriptor: Int32) {
    var status = stat()
    guard fstatat(place.directory.descriptor, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    fchown(descriptor, status.st_uid, status.st_gid)
    fchmod(descriptor, status.st_mode & 0o777)
  }
}

extension OutputPlace {
  /// Gives a draft this place's name. Where nothing was there, what has appeared meanwhile stays.
  func publish(_ draft: Drafts.Draft) throws(Failure) {
    try Drafts.shared.publish(draft) { () throws(Failure) in
      guard occupant == .nothing else {
        guard renameat(directory.descriptor, draft.name, directory.descriptor, name) == 0 else { throw failure() }
        return
      }
      let asNew = UInt32(CLINUX_RENAME_NOREPLACE)
      if renameat2(directory.descriptor, draft.name, directory.descriptor, name, asNew) == 0 { return }
      guard errno != EEXIST else { throw isTaken }
      // Not all file systems can do that: NFS looks first.
      guard errno == EINVAL || errno == ENOSYS else { throw failure() }
      var status = stat()
      guard fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) != 0 else { throw isTaken }
      guard renameat(directory.descriptor, draft.name, directory.descriptor, name) == 0 else { throw failure() }
    }
  }

  /// The sentence of a place where something is.
  var isTaken: Failure { Failure("\(path) exists: give another name, or --force to replace it") }

  /// The sentence of a system call that has just failed.
  func failure() -> Failure { Failure("cannot write \(path): \(String(cString: strerror(errno)))") }
}
