internal import Glibc

/// A directory that has run directories in it: what the directories say, without opening a file.
public enum RunFolder {
  /// Which folders `all` and `default` lay over each other: sources of the later one win.
  static let overlays = ["all": ["raw", "proc"], "default": ["proc", "raw"]]

  /// `r` and at least four digits.
  public static func isRunName(_ name: String) -> Bool {
    name.utf8.first == UInt8(ascii: "r") && name.utf8.count >= 5
      && name.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
  }

  /// A run directory as `stat` sees it.
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var status: DirectoryStatus
  }

  /// The run directories in a folder, by name.
  /// - Returns: nil where it cannot be read; `errno` says why.
  public static func runs(in folder: String) -> [Entry]? {
    guard let entries = DirectoryEntries(folder) else { return nil }
    return entries.names.filter(isRunName).compactMap { name in
      DirectoryStatus(path: "\(folder)/\(name)").map { Entry(name: name, status: $0) }
    }
  }

  /// The folders of a proposal that have run directories in them, by name.
  public static func names(inProposal proposal: String) -> [String] {
    (DirectoryEntries(proposal)?.names ?? []).filter { folder in
      DirectoryEntries("\(proposal)/\(folder)")?.names.contains(where: isRunName) ?? false
    }
  }
}

/// What `stat` says of a directory.
public struct DirectoryStatus: Hashable, Sendable {
  public var permissions: UInt32
  public var owner: UInt32
  public var group: UInt32
  public var modificationSeconds: Int64
  public var modificationNanoseconds: Int64

  /// Follows links.
  /// - Returns: nil where there is no directory; `errno` says why.
  public init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      errno = ENOTDIR
      return nil
    }
    permissions = status.st_mode & 0o777
    owner = status.st_uid
    group = status.st_gid
    modificationSeconds = Int64(status.st_mtim.tv_sec)
    modificationNanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}

/// The names in a directory, in order.
struct DirectoryEntries {
  let names: [String]

  /// - Returns: nil where it cannot be read; `errno` says why.
  init?(_ path: String) {
    guard let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    // A store that fails in the middle must not make a directory shorter than it is.
    guard errno == 0 else { return nil }
    self.names = names.sorted { $0.precedes($1) }
  }
}

/// The HDF5 files of a run directory as its listing has them.
public struct RunDirectorySummary: Hashable, Sendable {
  public var files = 0
  public var bytes: UInt64 = 0
  /// Of the newest file, or of the directory where it has none: seconds and nanoseconds since 1970 UTC.
  public var modificationSeconds: Int64
  public var modificationNanoseconds: Int64

  /// - Returns: nil where the directory cannot be read; `errno` says why.
  public init?(directory: String) {
    guard let status = DirectoryStatus(path: directory), let entries = DirectoryEntries(directory) else { return nil }
    var newest: (Int64, Int64)?
    for name in entries.names where RunListing.isDataFile(name) {
      var status = stat()
      guard stat("\(directory)/\(name)", &status) == 0 else { continue }
      files += 1
      bytes &+= UInt64(clamping: status.st_size)
      let time = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
      newest = newest.map { $0 < time ? time : $0 } ?? time
    }
    (modificationSeconds, modificationNanoseconds) =
      newest ?? (status.modificationSeconds, status.modificationNanoseconds)
  }
}
