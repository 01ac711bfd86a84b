internal import EXDF
internal import Glibc

/// Validates runs and files, each file in a process that it may take down.
public struct RunValidator: Sendable {
  private let options: ValidationOptions
  private let pool: ReaderPool
  private let obstacle: @Sendable (String) -> String?

  /// The hidden command that ``ReaderServer`` answers to.
  public static let readerCommand = "read-files"

  /// A reader that says nothing for so long hangs: the file system that it waits for does not come back.
  private static let millisecondsPerFile = 600_000
  private static let millisecondsPerFileOfData = 7_200_000

  /// - Parameters:
  ///   - executable: the program that has the hidden command; this one, unless a test says otherwise.
  ///   - obstacle: why a file must not be read, such as that it is only on tape; nil where it may.
  public init(
    _ options: ValidationOptions = ValidationOptions(), executable: String = "/proc/self/exe",
    obstacle: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.options = options
    self.obstacle = obstacle
    let skips = options.skipped.map(\.rawValue).sorted().flatMap { ["--skip", $0] }
    pool = ReaderPool(
      program: ReaderProcess.Program(
        executable: executable,
        arguments: [Self.readerCommand] + skips + (options.readsData ? ["--read-data"] : [])
          + (options.followsLinks ? [] : ["--no-links"])),
      milliseconds: options.readsData ? Self.millisecondsPerFileOfData : Self.millisecondsPerFile)
  }

  /// What is told while files are being looked at.
  public struct Progress: Sendable {
    public var done: Int
    public var total: Int
    public var problems: Int
    public var badFiles: Int
    /// The name of the last file with problems.
    public var lastBadFile: String
  }

  /// Validates a run directory, or one file.
  ///
  /// - Parameters:
  ///   - path: as the user has named it; so do the problems.
  ///   - progress: told before the first file, and after each.
  public func validate(_ path: String, progress: (Progress) -> Void = { _ in }) -> ValidationReport {
    var status = stat()
    let isDirectory = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    guard isDirectory else {
      var findings = FileFindings(problems: [], contents: nil)
      pool.inspect([path], obstacle: obstacle) { _, found in findings = found }
      var report = ValidationReport(
        path: path, isDirectory: false, couldOpen: findings.contents != nil, files: 1, problems: findings.problems)
      report.mayPass = findings.mayPass
      return report
    }
    let names = Self.files(in: path)
    let paths = names.map { AbsolutePath.join(path, $0) }
    var found = [FileFindings](repeating: FileFindings(problems: [], contents: nil), count: names.count)
    var state = Progress(done: 0, total: names.count, problems: 0, badFiles: 0, lastBadFile: "")
    progress(state)
    var lists: Set<SourceKeys> = []
    pool.inspect(paths, obstacle: obstacle) { number, findings in
      found[number] = findings
      // Files of a source mostly have the same: a run of hundreds has each list once.
      found[number].contents?.keys = findings.contents?.keys.mapValues { lists.insert($0).memberAfterInsert } ?? [:]
      state.done += 1
      state.problems += findings.problems.count
      if !findings.problems.isEmpty {
        state.badFiles += 1
        state.lastBadFile = names[number]
      }
      progress(state)
    }
    let files = zip(paths, found).compactMap { path, findings in
      findings.contents.map { RunChecks.File(path: AbsolutePath.of(path), contents: $0) }
    }
    let problems = found.flatMap(\.problems) + RunChecks(directory: path, files: files, options: options).problems()
    var report = ValidationReport(
      path: path, isDirectory: true, couldOpen: !files.isEmpty, files: names.count, problems: problems)
    report.mayPass = found.contains(where: \.mayPass)
    return report
  }

  /// Every name that ends in `.h5`, as EXtra-data takes them for this; sorted.
  private static func files(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".h5") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
