internal import Glibc
internal import Threads

/// Why a file must not be opened now, in words; nil where it may. Must not wait.
public typealias FileGate = @Sendable (String) -> String?

/// Why the caller of the current request may not read a file; nil where it may. May wait for the file's directories.
public typealias RightsCheck = @Sendable (FileReference) -> String?

/// The one place where files are opened: those of the run, and what their external links and virtual datasets lead to; for libhdf5 and
/// for reading beside it.
public final class FileOpener: Sendable {
  /// Keeps files from being opened that are not there to be read, such as those on tape.
  public let gate: FileGate
  /// Whether the mount serves users who may not read what this process may.
  private let rights: RightsCheck?

  /// - Parameters:
  ///   - gate: asked before any file is opened.
  ///   - rights: asked, on behalf of the current request's caller, of each file that has been opened, and each time before it is used
  ///     again; nil where the rights of this process are those of every reader.
  public init(gate: @escaping FileGate = { _ in nil }, rights: RightsCheck? = nil) {
    self.gate = gate
    self.rights = rights
  }

  /// Opens a file of the run for reading.
  ///
  /// - Returns: the open file, closed on exec; its descriptor belongs to the caller from then on.
  /// - Throws: ``PassingError`` where it must not or cannot be opened, or is not the file it was.
  public func open(_ reference: FileReference) throws(PassingError) -> IdentifiedFile {
    let opened = try openChecked(reference.path)
    guard opened.identity == reference.identity else {
      close(opened.descriptor)
      throw .changed(reference.path)
    }
    return opened
  }

  /// Opens a file that a file of the run leads to: by an external link, or as the source of a virtual dataset.
  ///
  /// - Throws: ``PassingError``; its errno is ENOENT where there is no such file.
  func openLinked(_ path: String) throws(PassingError) -> IdentifiedFile {
    // A name that begins nowhere is looked for beside the file, too, by its full path.
    guard path.hasPrefix("/") else { throw PassingError(errno: ENOENT, file: path) }
    return try openChecked(path)
  }

  /// Whether the current request may use a file that has been opened before, for another one.
  /// - Throws: ``PassingError``.
  public func check(_ reference: FileReference) throws(PassingError) {
    if let reason = gate(reference.path) { throw PassingError(.refused, file: reference.path, reason: reason) }
    if let reason = rights?(reference) { throw PassingError(.denied, file: reference.path, reason: reason) }
  }

  private func openChecked(_ path: String) throws(PassingError) -> IdentifiedFile {
    if let reason = gate(path) { throw PassingError(.refused, file: path, reason: reason) }
    let opened = try open(path)
    // After the opening, and of what was opened: the owner of a directory on the way could exchange the file between the two.
    if let reason = rights?(FileReference(path: path, identity: opened.identity)) {
      close(opened.descriptor)
      throw PassingError(.denied, file: path, reason: reason)
    }
    return opened
  }

  private func open(_ path: String) throws(PassingError) -> IdentifiedFile {
    guard Request.current.mayWait else { throw .mustWait(path) }
    // A FIFO of that name would be waited for, unless one says otherwise.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw PassingError(errno: errno, file: path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw PassingError(.refused, file: path, reason: "it is not a regular file")
    }
    return IdentifiedFile(descriptor: descriptor, identity: FileIdentity(status))
  }
}

/// A file that has been opened, and what it was then.
public struct IdentifiedFile: Sendable {
  /// Belongs to the code that has the value; it is not closed by itself.
  public var descriptor: Int32
  public var identity: FileIdentity
}

extension FileOpener {
  /// Raises the soft limit on open descriptors to the hard one, and returns it.
  @discardableResult
  public static func descriptorLimit() -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return 1024 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      _ = setrlimit(resource, &limit)
    }
    return Int(clamping: limit.rlim_cur)
  }
}
