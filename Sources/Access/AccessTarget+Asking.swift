internal import CAccess
internal import Glibc

/// What a file system says to a caller.
enum AccessAnswer: Hashable, Sendable {
  case allowed
  case denied
  /// It is another file than it was.
  case changed
  case failed(errno: Int32)
}

extension AccessTarget {
  /// Asks the file system with the rights that this thread has. It applies modes, access control lists, the rights to directories, and
  /// whatever else it knows of.
  ///
  /// - Parameter isOnTape: whether opening the file would fetch it from tape; it is then asked for without opening it.
  func ask(isOnTape: Bool) -> AccessAnswer {
    switch use {
    case .read where isOnTape:
      caccess_faccessat2(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ? look(path) : Self.refusal(errno)
    case .read: tryOpening(path, O_NONBLOCK | O_NOCTTY)
    // A name in a directory is found only by a user who may enter it.
    case .enter: look("\(path)/.")
    case .list: tryOpening("\(path)/.", O_DIRECTORY)
    }
  }

  private func look(_ path: String) -> AccessAnswer {
    var status = stat()
    return stat(path, &status) == 0 ? compare(status) : Self.refusal(errno)
  }

  private func tryOpening(_ path: String, _ flags: Int32) -> AccessAnswer {
    var descriptor: Int32
    repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC | flags) } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else { return Self.refusal(errno) }
    defer { close(descriptor) }
    var status = stat()
    return fstat(descriptor, &status) == 0 ? compare(status) : Self.refusal(errno)
  }

  private func compare(_ status: stat) -> AccessAnswer {
    guard let identity else { return .allowed }
    return identity == Identity(status) ? .allowed : .changed
  }

  private static func refusal(_ errno: Int32) -> AccessAnswer {
    errno == EACCES || errno == EPERM ? .denied : .failed(errno: errno)
  }
}

extension AccessTarget.Identity {
  /// Asks the file system, following links.
  /// - Returns: nil where there is no such file.
  public init?(ofFileAt path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) { self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) }
}
