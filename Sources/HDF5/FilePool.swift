internal import Glibc
internal import Synchronization

/// What a file was when the run was opened: a changed file must not be read with an old description of it.
public struct FileIdentity: Hashable, Sendable {
  public var device: UInt64
  public var inode: UInt64
  /// In bytes.
  public var size: Int64
  public var modificationSeconds: Int64
  public var modificationNanoseconds: Int64

  /// Asks the file system, following links.
  /// - Returns: nil where there is no such file, with `errno` set.
  public init?(path: String) {
    var status = Glibc.stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modificationSeconds = Int64(status.st_mtim.tv_sec)
    modificationNanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}

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

/// A file and what it was when its description was read.
public struct FileReference: Hashable, Sendable {
  public var path: String
  public var identity: FileIdentity

  public init(path: String, identity: FileIdentity) {
    self.path = path
    self.identity = identity
  }
}

/// Why a file must not be opened now, in words; nil where it may. Asked under the library's lock, so it must not wait.
public typealias FileGate = @Sendable (String) -> String?

/// The open HDF5 files of a run: opened when needed, the least recently used closed when there are too many.
///
/// A run can have more files than a process may have descriptors. Everything here happens under the library's lock, so the
/// state needs no order of locks with anything else: its own `Mutex` is only ever taken by the holder of the token.
public final class FilePool: Sendable {
  private final class Opened: Sendable {
    let file: File
    init(_ file: consuming File) { self.file = file }
  }
  private struct Entry {
    var opened: Opened
    var lastUse: UInt64
  }
  private struct State {
    var entries: [String: Entry] = [:]
    var clock: UInt64 = 0
  }

  private let capacity: Int
  /// Asked before any file is opened, here or by whoever reads beside libhdf5.
  public let gate: FileGate
  private let state = Mutex(State())

  /// - Parameters:
  ///   - capacity: how many files may be open at once; nil for a quarter of what the process may open, at most 512
  ///     (chunk readers hold a descriptor of their own for each file, and FUSE clients theirs).
  ///   - gate: keeps files from being opened.
  public init(capacity: Int? = nil, gate: @escaping FileGate = { _ in nil }) {
    self.gate = gate
    self.capacity = max(1, capacity ?? min(512, Self.descriptorLimit() / 4))
  }

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

  /// Gives `body` the open file.
  /// - Throws: ``HDF5Error`` where it cannot be opened, or is not the file it was when the run was opened.
  public func withFile<R: ~Copyable>(
    _ reference: FileReference, _ library: borrowing HDF5Library,
    _ body: (borrowing File, borrowing HDF5Library) throws(HDF5Error) -> R
  ) throws(HDF5Error) -> R {
    let opened = try open(reference, library)
    return try body(opened.file, library)
  }

  private func open(
    _ reference: FileReference, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> Opened {
    let known = state.withLock { state -> Opened? in
      state.clock += 1
      state.entries[reference.path]?.lastUse = state.clock
      return state.entries[reference.path]?.opened
    }
    if let known { return known }
    if let reason = gate(reference.path) { throw HDF5Error("open", file: reference.path, reason: reason) }
    let opened = Opened(try File(path: reference.path, library))
    guard FileIdentity(path: reference.path) == reference.identity else {
      throw HDF5Error(
        "open", file: reference.path,
        reason: "it changed since the run was opened; mount the run again to see it as it is")
    }
    state.withLock { state in
      if state.entries.count >= capacity, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
        state.entries[oldest.key] = nil
      }
      state.entries[reference.path] = Entry(opened: opened, lastUse: state.clock)
    }
    return opened
  }

  /// Closes every file that nobody is reading.
  public func closeAll(_ library: borrowing HDF5Library) {
    state.withLock { $0.entries = [:] }
  }
}
