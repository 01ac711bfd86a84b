import Glibc

/// The directory the run goes into. Files are written in a hidden directory inside it and moved up when all are complete:
/// whatever ends the process in between, what is there never looks like a run.
struct RunFolder {
  /// The directory as the caller named it.
  let path: String
  /// Where the files are written.
  private let staging: String
  private let isNew: Bool

  /// Makes the directory, or takes it if it is empty.
  init(_ path: String) throws(ExampleRunError) {
    self.path = path
    staging = path + "/.xfelfs-example"
    isNew = mkdir(path, 0o777) == 0
    if !isNew {
      guard errno == EEXIST else { throw Self.failure("make the directory", path) }
      guard try Self.names(in: path).isEmpty else { throw .notEmpty(directory: path) }
    }
    guard mkdir(staging, 0o777) == 0 else {
      let error = Self.failure("make the directory", staging)
      if isNew { rmdir(path) }
      throw error
    }
  }

  /// The directory, if it is new, or else the one inside it that is.
  var unfinished: String { isNew ? path : staging }

  /// Writes a file.
  func add(_ name: String, _ bytes: [UInt8]) throws(ExampleRunError) {
    let file = staging + "/" + name
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw Self.failure("make", file) }
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        let error = Self.failure("write", file)
        close(descriptor)
        throw error
      }
      done += written
    }
    guard close(descriptor) == 0 else { throw Self.failure("write", file) }
  }

  /// Moves the files up, and dates them as the run, not as today.
  func publish(modified seconds: Int) throws(ExampleRunError) -> ExampleRun.Summary {
    let names = try Self.names(in: staging)
    var byteCount = 0
    for name in names {
      let file = staging + "/" + name
      var information = stat()
      guard stat(file, &information) == 0 else { throw Self.failure("read the size of", file) }
      byteCount += Int(information.st_size)
      let times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
      guard utimensat(AT_FDCWD, file, times, 0) == 0 else { throw Self.failure("date", file) }
    }
    for name in names {
      guard rename(staging + "/" + name, path + "/" + name) == 0 else { throw Self.failure("move up", name) }
    }
    rmdir(staging)
    return ExampleRun.Summary(fileCount: names.count, byteCount: byteCount)
  }

  /// Removes whatever has been written. The directory was empty before, so all that is in it is ours.
  func discard() {
    for directory in [staging, path] {
      for name in (try? Self.names(in: directory)) ?? [] { unlink(directory + "/" + name) }
      if directory != path || isNew { rmdir(directory) }
    }
  }

  private static func names(in directory: String) throws(ExampleRunError) -> [String] {
    guard let stream = opendir(directory) else { throw failure("list", directory) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  private static func failure(_ doing: String, _ path: String) -> ExampleRunError {
    .system(path: path, doing: doing, reason: String(cString: strerror(errno)))
  }
}
