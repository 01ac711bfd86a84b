internal import Glibc
internal import Printable

/// Where the files of a directory are, as `extra-data-locality` prints it (EXDF.md 3.3).
public struct LocalityReport: Sendable {
  public struct File: Sendable {
    public var path: String
    public var locality: FileLocality

    public init(path: String, locality: FileLocality) {
      self.path = path
      self.locality = locality
    }
  }
  /// As it was given.
  public var path: String
  /// By path.
  public var files: [File]

  public init(path: String, files: [File]) {
    self.path = path
    self.files = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// Asks for every file of a directory, or for one file.
  ///
  /// - Returns: nil where there is nothing at `path`.
  public init?(path: String, _ query: LocalityQuery) {
    guard let paths = Self.files(at: path) else { return nil }
    self.init(path: path, files: zip(paths, query.locate(paths)).map { File(path: $0, locality: $1) })
  }

  /// How many files are where, as the line says that is rewritten while the answers come in.
  public struct Counts: Sendable {
    public var onDisk = 0
    public var onTape = 0
    public var unavailable = 0

    public init() {}

    /// Counts one more answer.
    public mutating func add(_ locality: FileLocality) {
      if locality.isOnDisk { onDisk += 1 }
      if locality == .nearline { onTape += 1 }
      if locality == .unavailable { unavailable += 1 }
    }

    /// With the blanks that cover a longer line before it.
    public var line: String { "\(onDisk) on disk, \(onTape) only on tape, \(unavailable) unavailable    " }
  }

  public var counts: Counts {
    var counts = Counts()
    for file in files { counts.add(file.locality) }
    return counts
  }

  /// Every regular file, whatever its name, as EXtra-data takes them; nil where there is nothing.
  public static func files(at path: String) -> [String]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFREG { return [path] }
    guard status.st_mode & S_IFMT == S_IFDIR, let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    let prefix = path.hasSuffix("/") ? path : path + "/"
    var paths: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard stat(prefix + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      paths.append(prefix + name)
    }
    return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func paths(_ isWanted: (FileLocality) -> Bool) -> [String] {
    files.filter { isWanted($0.locality) }.map(\.path)
  }

  /// Words nobody knows, in order.
  private var unknownWords: [String] {
    let words = files.compactMap { file -> String? in
      if case .unknown(let word) = file.locality { return word }
      return nil
    }
    return Set(words).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private var failures: [(path: String, reason: String)] {
    files.compactMap { file in
      guard case .failed(let number) = file.locality else { return nil }
      return (file.path, String(cString: strerror(number)))
    }
  }

  /// Bits: 1 only on tape, 2 unavailable, 4 unknown, as EXtra-data has them; 8 no answer, or none that could be read.
  public var exitStatus: Int32 {
    var status: Int32 = 0
    for file in files {
      switch file.locality {
      case .nearline: status |= 1
      case .unavailable: status |= 2
      case .unknown: status |= 4
      case .noAnswer, .failed: status |= 8
      case .online, .onlineAndNearline, .notOnDCache: break
      }
    }
    return status
  }

  /// The line before the first query.
  public static func heading(files: Int, path: String) -> String { "Checking \(files) files in \(path.printable)\n" }

  /// What follows the counts.
  public var details: String {
    var text = ""
    func list(_ title: String, _ lines: [String]) {
      guard !lines.isEmpty else { return }
      text += "\(title):\n" + lines.map { "  \($0.printable)\n" }.joined()
    }
    list("Only on tape", paths { $0 == .nearline })
    list("Unavailable", paths { $0 == .unavailable })
    let unknown = unknownWords
    if !unknown.isEmpty {
      text += "Unknown locality: {\(unknown.map { "'\($0.printable)'" }.joined(separator: ", "))}\n"
    }
    list("No answer", paths { $0 == .noAnswer })
    list("Query failed", failures.map { "\($0.path): \($0.reason)" })
    return text
  }

  /// The whole report. Of the line that a terminal sees rewritten, only the last state: a file has no cursor to move.
  public var text: String {
    Self.heading(files: files.count, path: path) + (files.isEmpty ? "" : counts.line) + "\n" + details
  }
}
