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

  /// Opens each file that is not to be left out, or takes the map's word for it.
  func openFiles(
    _ pool: FilePool, _ omissions: ([String]) -> [String: String]
  ) -> (files: [DataFile], skipped: [SkippedFile]) {
    let map = isDirectory ? FilesMap(directory: directory) : nil
    var files: [DataFile] = []
    var skipped: [SkippedFile] = []
    let omitted = omissions(names.map { "\(directory)/\($0)" })
    FileWarmer.warm(unmapped(map).filter { omitted[$0] == nil && pool.gate($0) == nil })
    for name in names {
      let path = "\(directory)/\(name)"
      if let reason = omitted[path] {
        skipped.append(SkippedFile(name: name, path: path, reason: reason))
        continue
      }
      guard let identity = FileIdentity(path: path) else {
        skipped.append(SkippedFile(name: name, path: path, reason: String(cString: strerror(errno))))
        continue
      }
      let reference = FileReference(path: path, identity: identity)
      if let contents = map?.contents(of: name, identity) {
        files.append(DataFile(name: name, reference: reference, contents: contents, version: nil, rows: nil))
        continue
      }
      do throws(EXDFError) {
        let read = try HDF5Library.withLock { (library) throws(EXDFError) in try Self.read(reference, pool, library) }
        files.append(
          DataFile(name: name, reference: reference, contents: read.contents, version: read.version, rows: read.rows))
      } catch {
        skipped.append(SkippedFile(name: name, path: path, reason: Self.reason(error)))
      }
    }
    return (files, skipped)
  }

  /// Whether a path leads to a plain file.
  static func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// The files that libhdf5 will have to open.
  private func unmapped(_ map: FilesMap?) -> [String] {
    names.compactMap { name in
      let path = "\(directory)/\(name)"
      guard let identity = FileIdentity(path: path) else { return nil }
      return map?.contents(of: name, identity) == nil ? path : nil
    }
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
