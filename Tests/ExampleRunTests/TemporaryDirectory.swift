import Glibc
import Testing

/// A directory that goes away with its owner.
struct TemporaryDirectory: ~Copyable, Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/xfelfs-example-test-XXXXXX".utf8CString)
    path = try template.withUnsafeMutableBufferPointer { buffer in
      String(cString: try #require(mkdtemp(buffer.baseAddress!)))
    }
  }

  deinit {
    for name in Self.names(in: path) {
      let entry = path + "/" + name
      for inner in Self.names(in: entry) { unlink(entry + "/" + inner) }
      if unlink(entry) != 0 { rmdir(entry) }
    }
    rmdir(path)
  }

  static func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
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
}

/// All bytes of a file.
func contents(of path: String) throws -> [UInt8] {
  let descriptor = open(path, O_RDONLY)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  var information = stat()
  fstat(descriptor, &information)
  let size = Int(information.st_size)
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = max(0, read(descriptor, buffer.baseAddress, size))
  }
}
