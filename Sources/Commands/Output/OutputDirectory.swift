internal import CLinux
internal import FUSE
internal import Glibc

/// A directory that something is written into, held by a descriptor: what is looked at before the writing stays what is written
/// into, whatever happens to the path meanwhile.
final class OutputDirectory: Sendable {
  /// Opened with `O_PATH`: for the `*at` calls, which need no right to list it.
  let descriptor: Int32
  /// Its path as the user wrote it, for messages.
  let path: String
  /// Which directory it is.
  let inode: Inode
  /// Whether it is one such as /tmp, where everybody may have files (the sticky bit).
  let isShared: Bool

  /// Opens a directory; links on the way are followed.
  ///
  /// - Parameters:
  ///   - name: a path, relative to `base`.
  ///   - base: nil for the working directory.
  ///   - shown: the path for messages; `name` if nil.
  /// - Throws: ``Failure`` where there is no such directory, or it may not be entered.
  init(_ name: String, at base: OutputDirectory? = nil, shown: String? = nil) throws(Failure) {
    path = shown ?? name
    // A failed initializer runs no `deinit`: the descriptor is closed here.
    let flags = Int32(CLINUX_O_PATH) | O_DIRECTORY | O_CLOEXEC
    let descriptor = openat(base?.descriptor ?? AT_FDCWD, name, flags)
    guard descriptor >= 0 else { throw Failure("cannot write into \(path): \(String(cString: strerror(errno)))") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw Failure("cannot write into \(path): \(reason)")
    }
    self.descriptor = descriptor
    inode = Inode(status)
    isShared = status.st_mode & S_ISVTX != 0
  }

  deinit { close(descriptor) }

  /// The directory above it; nil at the top, and where it cannot be entered.
  var parent: OutputDirectory? {
    guard let above = try? OutputDirectory("..", at: self, shown: path), above.inode != inode else { return nil }
    return above
  }

  /// The path of an entry, for messages.
  func path(of name: String) -> String { path == "." ? name : path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  /// The names in it; nil where it cannot be listed.
  func names() -> [String]? {
    let readable = openForReading()
    guard readable >= 0 else { return nil }
    guard let stream = fdopendir(readable) else {
      close(readable)
      return nil
    }
    defer { closedir(stream) }
    return SystemFile.names(reading: stream)
  }

  /// Writes its entries to the disk, as far as that can be done.
  func synchronize() { _ = synchronize(fsync) }

  /// Writes all of its file system to the disk. False, and `errno`, where that fails.
  func synchronizeFileSystem() -> Bool { synchronize(syncfs) }

  private func synchronize(_ call: (Int32) -> Int32) -> Bool {
    let readable = openForReading()
    guard readable >= 0 else { return false }
    let status = call(readable)
    let failure = errno
    close(readable)
    errno = failure
    return status == 0
  }

  private func openForReading() -> Int32 { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
}

/// What a file or directory is, by whatever path it is reached.
struct Inode: Hashable {
  /// The file system it lies in.
  let device: UInt
  private let number: UInt

  init(_ status: stat) {
    device = UInt(status.st_dev)
    number = UInt(status.st_ino)
  }

  /// Of what a path leads to; nil where that is nothing.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}
