import Glibc

/// Small files of the system (/proc, /sys, /etc) and paths, through plain system calls.
package enum SystemFile {
  /// The whole text of a file, nil if it cannot be read.
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return read(from: descriptor)
  }

  /// The rest of what can be read from a descriptor, nil if it cannot be read.
  static func read(from descriptor: Int32) -> String? {
    var bytes: [UInt8] = []
    return withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        if count > 0 {
          bytes.append(contentsOf: buffer[..<count])
        } else if errno != EINTR {
          return nil
        }
      }
    }
  }

  /// Writes `text` to a file that exists; false if that fails.
  @discardableResult
  static func write(_ text: String, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count
  }

  /// The target of a symbolic link, nil if there is none.
  static func link(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
      let bytes = buffer.assumingMemoryBound(to: CChar.self)
      guard let target = bytes.baseAddress else { return nil }
      let count = readlink(path, target, bytes.count)
      return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  /// The absolute path without symbolic links.
  static func realPath(_ path: String) throws(Errno) -> String {
    guard let resolved = realpath(path, nil) else { throw .current }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The names in a directory, nil if it cannot be read.
  package static func names(in directory: String) -> [String]? {
    guard let stream = opendir(directory) else { return nil }
    defer { closedir(stream) }
    return names(reading: stream)
  }

  /// The names that are left to read in an open directory, without `.` and `..`.
  package static func names(reading stream: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
