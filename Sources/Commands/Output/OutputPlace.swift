internal import Glibc

/// A place that something is to be written to: the directory and the name in it, with the links at the end of the path followed.
/// What is written to a link goes to what it points at, and a link to nothing makes what is missing.
struct OutputPlace {
  /// What is there already.
  enum Occupant: Equatable {
    case nothing
    /// A plain file.
    case file
    case directory
    /// A device, a pipe or a socket: it is written to, never replaced.
    case stream
    /// A descriptor of this process, as /dev/stdout and /dev/fd/3 are.
    case descriptor(Int32)
    /// A symbolic link; only where links are not followed.
    case link
  }

  /// The path as the user wrote it, for messages.
  let path: String
  /// The directory that it lies in, or itself where the path names a directory by `.`, `..` or `/`.
  let directory: OutputDirectory
  /// The name in that directory.
  let name: String
  let occupant: Occupant
  /// What is there; nil for nothing.
  let inode: Inode?

  /// As many links as the kernel follows.
  private static let mostLinks = 40

  /// Looks at the place; makes nothing.
  ///
  /// - Parameter followsLinks: false for what is to be a link itself, and takes the place of a link that is there.
  /// - Throws: ``Failure`` where the directory is not there, or the place cannot be looked at.
  init(_ path: String, followsLinks: Bool = true) throws(Failure) {
    try self.init(path, from: nil, shown: path, followsLinks: followsLinks)
  }

  /// The place of that name in a directory.
  init(_ name: String, in directory: OutputDirectory, followsLinks: Bool = true) throws(Failure) {
    try self.init(name, from: directory, shown: directory.path(of: name), followsLinks: followsLinks)
  }

  private init(_ path: String, from base: OutputDirectory?, shown: String, followsLinks: Bool) throws(Failure) {
    self.path = shown
    var rest = path
    var base = base
    for _ in 0..<Self.mostLinks {
      let (parent, name) = Self.split(rest)
      // A bare name lies in the directory that it was found from.
      let directory: OutputDirectory
      if let base, parent.isEmpty {
        directory = base
      } else {
        let above = parent.isEmpty ? "." : parent
        // A directory that a link leads to is named by the link: that is what the user knows of it.
        directory = try OutputDirectory(above, at: base, shown: base == nil ? Self.trimmed(above) : shown)
      }
      var status = stat()
      guard fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        guard errno == ENOENT else { throw Failure("cannot write \(shown): \(String(cString: strerror(errno)))") }
        self.directory = directory
        self.name = name
        occupant = .nothing
        inode = nil
        return
      }
      if status.st_mode & S_IFMT == S_IFLNK, followsLinks {
        if let number = Self.descriptorNumber(name, in: directory) {
          guard fstat(number, &status) == 0 else { throw Failure("cannot write \(shown): it is not open") }
          self.directory = directory
          self.name = name
          occupant = .descriptor(number)
          inode = Inode(status)
          return
        }
        rest = try Self.target(of: name, in: directory, shown)
        base = directory
        continue
      }
      self.directory = directory
      self.name = name
      occupant = Self.occupant(status)
      inode = Inode(status)
      return
    }
    throw Failure("cannot write \(shown): \(String(cString: strerror(ELOOP)))")
  }

  /// The directory and the last name of a path. `.`, `..` and `/` have no last name: they are the entry `.` of themselves.
  private static func split(_ path: String) -> (parent: String, name: String) {
    let path = trimmed(path)
    let start = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.startIndex
    let name = String(path[start...])
    guard !["", ".", ".."].contains(name) else { return (path, ".") }
    return (String(path[..<start]), name)
  }

  /// Without slashes at the end.
  private static func trimmed(_ path: String) -> String {
    var path = path.utf8[...]
    while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
    return String(Substring(path))
  }

  private static func target(
    of name: String, in directory: OutputDirectory, _ shown: String
  ) throws(Failure) -> String {
    var text = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(directory.descriptor, name, &text, text.count)
    guard count > 0 else { throw Failure("cannot write \(shown): \(String(cString: strerror(errno)))") }
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The number of a link in /proc/self/fd, where /dev/stdout and /dev/fd/3 lead to.
  private static func descriptorNumber(_ name: String, in directory: OutputDirectory) -> Int32? {
    guard let number = Int32(name), directory.inode == Inode(path: "/proc/self/fd") else { return nil }
    return number
  }

  private static func occupant(_ status: stat) -> Occupant {
    switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    case S_IFLNK: .link
    default: .stream
    }
  }
}
