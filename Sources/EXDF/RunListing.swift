internal import Glibc
internal import HDF5

/// The HDF5 files that a run consists of, before any of them has been opened.
struct RunListing {
  let directory: String
  let isDirectory: Bool
  /// In order of name.
  let names: [String]

  /// - Parameter include: which files by name, as a glob; of a run of one file it has no say.
  init(path: String, include: String? = nil) throws(EXDFError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .noSuchRun(path: path, reason: String(cString: strerror(errno)))
    }
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
    if isDirectory {
      directory = path
      let all = try Self.files(in: path)
      guard !all.isEmpty else { throw .noFiles(directory: path) }
      let glob = include.map { Glob($0) }
      names = all.filter { glob?.matches($0) ?? true }
      guard !names.isEmpty else { throw .nothingIncluded(directory: path, pattern: include ?? "*") }
    } else {
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      directory = String(path[..<slash])
      names = [String(path[path.index(after: slash)...])]
    }
  }

  /// Every `*.h5`, whatever its name says, but for the overview file that EXtra-data makes (EXDF.md 2.7).
  private static func files(in directory: String) throws(EXDFError) -> [String] {
    guard let entries = DirectoryEntries(directory) else {
      throw .noSuchRun(path: directory, reason: String(cString: strerror(errno)))
    }
    return entries.names.filter(isDataFile)
  }

  /// Whether a file of that name is one of a run.
  static func isDataFile(_ name: String) -> Bool { name.hasSuffix(".h5") && name.lowercased() != "overview.h5" }

  /// What can be said of a file before libhdf5 has opened it.
  private enum Found {
    case skipped(reason: String)
    case mapped(FileReference, FileContents)
    case unread(FileReference)
  }

  /// Opens each file that is not to be left out, or takes the map's word for it.
  /// - Throws: ``EXDFError/unreadableNow(_:)`` where a file cannot be read now, and not after a few more attempts either.
  ///
  /// - Parameter only: names of those that are opened, where that is not all.
  func openFiles(
    _ hdf5: HDF5Files, only: Set<String>? = nil, _ omissions: ([String]) -> [String: String]
  ) throws(EXDFError) -> (files: [DataFile], skipped: [SkippedFile]) {
    let map = isDirectory ? FilesMap(directory: directory) : nil
    let names = only.map { self.names.filter($0.contains) } ?? self.names
    let omitted = omissions(names.map { "\(directory)/\($0)" })
    let found = names.map { look(at: $0, map, omitted) }
    let unread = found.compactMap { if case .unread(let reference) = $0 { reference } else { nil } }
    let read: [Result<FileOpening, FileProblem>]
    do throws(ReadError) {
      read = try concurrently(unread) { reference throws(ReadError) in try Self.read(reference, hdf5) }
    } catch {
      switch error {
      case .passing(let error): throw .unreadableNow(error)
      case .damaged(let error): throw .noSuchRun(path: directory, reason: error.description)
      }
    }
    var openings = read[...]
    var files: [DataFile] = []
    var skipped: [SkippedFile] = []
    for (name, file) in zip(names, found) {
      switch file {
      case .skipped(let reason): skipped.append(SkippedFile(name: name, path: "\(directory)/\(name)", reason: reason))
      case .mapped(let reference, let contents):
        files.append(DataFile(name: name, reference: reference, contents: contents, version: nil, rows: nil))
      case .unread(let reference):
        switch openings.popFirst() {
        case .success(let opened)?:
          files.append(
            DataFile(
              name: name, reference: reference, contents: opened.contents, version: opened.version, rows: opened.rows))
        case .failure(let problem)?:
          skipped.append(SkippedFile(name: name, path: reference.path, reason: problem.reason))
        case nil: break
        }
      }
    }
    return (files, skipped)
  }

  /// How long is waited before a file is tried again that could not be read, in milliseconds: a run without one of its files is another
  /// run, and a mount lasts for days.
  private static let pauses: [UInt32] = [10, 50, 200, 500, 1000]

  /// What a file says, or why it is left out.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` where it cannot be read now.
  private static func read(
    _ reference: FileReference, _ hdf5: HDF5Files
  ) throws(ReadError) -> Result<FileOpening, FileProblem> {
    var pauses = pauses[...]
    while true {
      do throws(ReadError) {
        return try FileContents.read(reference, hdf5)
      } catch {
        guard case .passing(let passing) = error else { throw error }
        switch passing.cause {
        // These do not pass by being tried again.
        case .refused, .denied, .system(errno: EACCES), .system(errno: EPERM), .system(errno: ENOENT),
          .system(errno: ELOOP):
          return .failure(.structure(passing.reason))
        case .mustWait, .interrupted: throw error
        case .system, .changed, .worker: break
        }
        guard let pause = pauses.popFirst() else { throw error }
        usleep(pause * 1000)
      }
    }
  }

  private func look(at name: String, _ map: FilesMap?, _ omitted: [String: String]) -> Found {
    let path = "\(directory)/\(name)"
    if let reason = omitted[path] { return .skipped(reason: reason) }
    guard let identity = FileIdentity(path: path) else { return .skipped(reason: String(cString: strerror(errno))) }
    let reference = FileReference(path: path, identity: identity)
    return map?.contents(of: name, identity).map { .mapped(reference, $0) } ?? .unread(reference)
  }

  /// Whether a path leads to a plain file.
  static func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
