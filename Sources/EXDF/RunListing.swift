internal import Glibc
internal import HDF5

/// The HDF5 files that a run consists of, before any of them has been opened.
struct RunListing {
  let directory: String
  let isDirectory: Bool
  /// In order of name.
  private let names: [String]

  init(path: String) throws(EXDFError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .noSuchRun(path: path, reason: String(cString: strerror(errno)))
    }
    isDirectory = status.st_mode & S_IFMT == S_IFDIR
    if isDirectory {
      directory = path
      names = try Self.files(in: path)
      guard !names.isEmpty else { throw .noFiles(directory: path) }
    } else {
      let slash = path.lastIndex(of: "/") ?? path.startIndex
      directory = String(path[..<slash])
      names = [String(path[path.index(after: slash)...])]
    }
  }

  /// Every `*.h5`, whatever its name says, but for the overview file that EXtra-data makes (EXDF.md 2.7).
  private static func files(in directory: String) throws(EXDFError) -> [String] {
    guard let stream = opendir(directory) else {
      throw .noSuchRun(path: directory, reason: String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".h5"), name.lowercased() != "overview.h5" { names.append(name) }
    }
    return names.sorted { $0.precedes($1) }
  }

  /// What can be said of a file before libhdf5 has opened it.
  private enum Found {
    case skipped(reason: String)
    case mapped(FileReference, FileContents)
    case unread(FileReference)
  }

  /// Opens each file that is not to be left out, or takes the map's word for it.
  func openFiles(
    _ pool: FilePool, _ omissions: ([String]) -> [String: String]
  ) -> (files: [DataFile], skipped: [SkippedFile]) {
    let map = isDirectory ? FilesMap(directory: directory) : nil
    let omitted = omissions(names.map { "\(directory)/\($0)" })
    let found = names.map { look(at: $0, map, omitted) }
    FileWarmer.warm(
      found.compactMap { file in
        if case .unread(let reference) = file, pool.gate(reference.path) == nil { return reference.path }
        return nil
      })
    var files: [DataFile] = []
    var skipped: [SkippedFile] = []
    for (name, file) in zip(names, found) {
      switch file {
      case .skipped(let reason): skipped.append(SkippedFile(name: name, path: "\(directory)/\(name)", reason: reason))
      case .mapped(let reference, let contents):
        files.append(DataFile(name: name, reference: reference, contents: contents, version: nil, rows: nil))
      case .unread(let reference):
        do throws(EXDFError) {
          let read = try HDF5Library.withLock { (library) throws(EXDFError) in try Self.read(reference, pool, library) }
          files.append(
            DataFile(name: name, reference: reference, contents: read.contents, version: read.version, rows: read.rows))
        } catch {
          skipped.append(SkippedFile(name: name, path: reference.path, reason: Self.reason(error)))
        }
      }
    }
    return (files, skipped)
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

  private static func read(
    _ reference: FileReference, _ pool: FilePool, _ library: borrowing HDF5Library
  ) throws(EXDFError) -> (contents: FileContents, version: FormatVersion, rows: TrainRows) {
    let result: Result<(contents: FileContents, version: FormatVersion, rows: TrainRows), EXDFError>
    do throws(HDF5Error) {
      result = try pool.withFile(reference, library) { (file, library) throws(HDF5Error) in
        do throws(EXDFError) {
          return .success(try FileContents.read(file, library))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .hdf5(error)
    }
    return try result.get()
  }

  /// The reason alone: who prints it names the file.
  private static func reason(_ error: EXDFError) -> String {
    switch error {
    case .hdf5(let error): error.reason
    case .structure(_, let reason): reason
    default: error.description
    }
  }
}
