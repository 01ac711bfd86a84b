internal import Glibc

/// What the attributes of files, and of all directories on the way to them, said at one moment.
public final class RunModes: Sendable {
  private struct Place: Sendable {
    var path: String
    /// nil where it cannot be asked for.
    var mode: FileMode?
  }
  /// From the top down, then those that links lead through.
  private let directories: [Place]
  private let runDirectory: String
  private let files: [String: FileMode]
  /// Why they are not open to every user, in words that name the first file or directory that is not; nil where it is.
  public let obstacle: String?

  /// Asks the file system.
  ///
  /// - Parameters:
  ///   - directory: one that has to be listed, too, as that of a run; absolute and without links.
  ///   - files: absolute paths.
  public init(directory: String, files paths: [String]) {
    runDirectory = directory
    var directories = Self.directories(to: directory)
    var seen = Set(directories)
    var files: [String: FileMode] = [:]
    for path in paths {
      files[path] = FileMode(path: path)
      let parent = Self.parent(of: Self.target(of: path) ?? path)
      guard parent != directory else { continue }
      for directory in Self.directories(to: parent) where seen.insert(directory).inserted {
        directories.append(directory)
      }
    }
    self.files = files
    self.directories = directories.map { Place(path: $0, mode: FileMode(path: $0)) }
    obstacle = Self.obstacle(
      self.directories.map { ($0, $0.path == directory ? .readAndEnter : .enter) }
        + paths.map { (Place(path: $0, mode: files[$0]), .read) })
  }

  /// Whether every user may read all of them.
  public var isOpenToAll: Bool { obstacle == nil }

  /// What is to be shown for something that is made from these files.
  public func shown(of paths: [String]) -> ShownMode {
    // A file that cannot be looked at is shown as one that no user may read.
    let closed = FileMode(permissions: 0, owner: 0, group: 0)
    return ShownMode(of: paths.map { files[$0] ?? closed }, in: directories.map { $0.mode ?? closed })
  }

  private static func obstacle(_ places: [(place: Place, right: FileMode.Right)]) -> String? {
    for (place, right) in places {
      let name = right == .read ? place.path : "the directory \(place.path)"
      guard let mode = place.mode else { return "\(name) cannot be looked at" }
      if mode.hasAccessList { return "\(name) has an access control list" }
      if !mode.isOpen(for: right) {
        let digits = String(mode.permissions, radix: 8)
        return
          "\(name) is not open to all users: its mode is \(String(repeating: "0", count: 4 - digits.count))\(digits)"
      }
    }
    return nil
  }

  /// All directories that are passed on the way to one, and that one.
  private static func directories(to path: String) -> [String] {
    var directories = ["/"]
    for name in path.split(separator: "/") {
      directories.append((directories.count == 1 ? "" : directories[directories.count - 1]) + "/\(name)")
    }
    return directories
  }

  /// Where a link leads; nil for what is none.
  private static func target(of path: String) -> String? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK, let resolved = realpath(path, nil) else {
      return nil
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func parent(of path: String) -> String {
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
