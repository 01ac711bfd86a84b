/// Names that a file system can have.
enum FileNames {
  /// In bytes; what Linux allows.
  static let longest = 255

  static func fits(_ name: String) -> Bool { (1...longest).contains(name.utf8.count) }

  /// `.` and `..` mean something else in a path; every other name without a slash is one.
  static func encode(_ name: String) -> String {
    name == "." || name == ".." ? String(repeating: "%2E", count: name.count) : name
  }

  /// The name without its `.npy`.
  static func stem(_ name: String) -> Substring? { name.hasSuffix(".npy") ? name.dropLast(4) : nil }

  /// The names in a path. By scalar: a slash and a combining mark behind it are one character to Swift, but no name may have a slash in it.
  static func components(of path: String) -> [String] {
    path.unicodeScalars.split(separator: "/").map { String(Substring($0)) }
  }
}
