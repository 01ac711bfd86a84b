internal import FoundationEssentials
internal import Glibc

/// A directory under /tmp that is removed with the object.
public final class TemporaryDirectory: Sendable {
  /// Absolute, without links.
  public let path: String

  public init() throws {
    var template = Array("/tmp/xfelfs-units-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemFailure("mkdtemp") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file into it, and returns its path.
  @discardableResult
  public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let place = "\(path)/\(name)"
    let descriptor = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemFailure(place) }
    defer { close(descriptor) }
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw SystemFailure(place) }
    return place
  }

  /// The bytes of a file in it.
  public func read(_ name: String) throws -> [UInt8] {
    let descriptor = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFailure(name) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
    guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count else { throw SystemFailure(name) }
    return bytes
  }
}

/// A call to the system that failed while a fixture was made.
public struct SystemFailure: Error, CustomStringConvertible {
  public let description: String

  init(_ what: String) { description = "\(what): \(String(cString: strerror(errno)))" }
}
