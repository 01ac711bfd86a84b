internal import EXDF

/// The directories that the slashes of source names make: once for `sources/`, and the same below each train.
struct SourcePaths: Sendable {
  enum Target: Hashable, Sendable {
    case directory(Int)
    case source(Int)
  }
  struct Child: Sendable {
    var name: String
    var target: Target
  }
  struct Directory: Sendable {
    var parent: Int
    /// How many directories lie between this one and the top.
    var depth: Int
    /// By name.
    var children: [Child] = []
    /// The source whose own name ends here, where another's goes on.
    var source: Int?
  }

  /// The first is the top.
  private(set) var directories = [Directory(parent: 0, depth: 0)]

  /// - Parameter omit: told of a source that cannot have a path.
  init(_ sources: [Source], omit: (Source) -> Void) {
    var lookup: [[String: Target]] = [[:]]
    for (number, source) in sources.enumerated() {
      guard let names = Self.components(of: source.name), directories.count + names.count < NodeID.mostSources else {
        omit(source)
        continue
      }
      var directory = 0
      for name in names.dropLast() { directory = enter(name, in: directory, &lookup) }
      let last = names[names.count - 1]
      switch lookup[directory][last] {
      case .directory(let existing): directories[existing].source = number
      case .source: omit(source)
      case nil: lookup[directory][last] = .source(number)
      }
    }
    for (number, names) in lookup.enumerated() {
      directories[number].children = names.map { Child(name: $0.key, target: $0.value) }
        .sorted { $0.name.precedes($1.name) }
    }
  }

  private mutating func enter(_ name: String, in directory: Int, _ lookup: inout [[String: Target]]) -> Int {
    if case .directory(let existing)? = lookup[directory][name] { return existing }
    let number = directories.count
    var made = Directory(parent: directory, depth: directories[directory].depth + 1)
    if case .source(let source)? = lookup[directory][name] { made.source = source }
    directories.append(made)
    lookup.append([:])
    lookup[directory][name] = .directory(number)
    return number
  }

  /// The child of that name, by bisection.
  func child(_ name: String, of directory: Int) -> Target? {
    let children = directories[directory].children
    var low = 0
    var high = children.count
    while low < high {
      let middle = (low + high) / 2
      if children[middle].name.precedes(name) { low = middle + 1 } else { high = middle }
    }
    return low < children.count && children[low].name == name ? children[low].target : nil
  }

  /// The names on the way to a source. Slashes that follow each other are one, as in any path.
  static func components(of source: String) -> [String]? {
    // By scalar: a slash and a combining mark behind it are one character to Swift, but no name may have a slash in it.
    let names = source.unicodeScalars.split(separator: "/").map { FileNames.encode(String(Substring($0))) }
    guard !names.isEmpty, names.allSatisfy({ $0.utf8.count <= FileNames.longest }) else { return nil }
    return names
  }
}

/// Names that a file system can have.
enum FileNames {
  /// In bytes; what Linux allows.
  static let longest = 255

  /// `.` and `..` mean something else in a path; every other name without a slash is one.
  static func encode(_ name: String) -> String {
    name == "." || name == ".." ? String(repeating: "%2E", count: name.count) : name
  }
}
