internal import Glibc
internal import HDF5

/// Why a file cannot be looked at, told as EXtra-data tells it.
enum OpeningFailure: Error {
  /// The operating system refuses.
  case access(errno: Int32)
  /// libhdf5 does not take it, or something is missing in it.
  case structure(String)

  /// Opens a file. What is not a regular file is not waited for.
  static func open(_ path: String, _ library: borrowing HDF5Library) throws(OpeningFailure) -> File {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .access(errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .access(errno: errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw .access(errno: EISDIR) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .structure("it is not a regular file") }
    // EXtra-data reads a few bytes to tell a bad disk from a bad file.
    var byte: UInt8 = 0
    guard read(descriptor, &byte, 1) >= 0 else { throw .access(errno: errno) }
    do throws(HDF5Error) {
      return try File(path: path, library)
    } catch {
      throw .structure("Unable to synchronously open file (\(reason(error)))")
    }
  }

  /// The library's own words: ours, and the name of the function that failed, are not in h5py's message.
  private static func reason(_ error: HDF5Error) -> String {
    let reason = error.reason
    if reason == "it is not an HDF5 file" { return "file signature not found" }
    guard reason.last == ")", let bracket = reason.range(of: " (", fromEnd: true) else { return reason }
    return String(reason[..<bracket])
  }

  /// Whether it may be otherwise the next time: what rights and names say stays, as long as nobody changes them.
  var mayPass: Bool {
    switch self {
    case .access(EACCES), .access(EPERM), .access(ENOENT), .access(ENOTDIR), .access(EISDIR), .access(ELOOP): false
    case .access: true
    case .structure: false
    }
  }

  func problem(_ path: String) -> Problem {
    switch self {
    case .access(let number):
      let error = "[Errno \(number)] \(String(cString: strerror(number))): \(PythonText.quoted(path))"
      return Problem("Could not access file", ["error": error, "file": path])
    case .structure(let reason): return Problem("Could not open HDF5 file", ["error": reason, "file": path])
    }
  }
}

extension String {
  /// Where the last occurrence of `pattern` begins.
  fileprivate func range(of pattern: String, fromEnd: Bool) -> Index? {
    var position = endIndex
    while position > startIndex {
      position = index(before: position)
      if self[position...].hasPrefix(pattern) { return position }
    }
    return nil
  }
}
