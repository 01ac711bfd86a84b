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
    /// In its parent; empty for the top.
    var name = ""
    /// How many directories lie between this one and the top.
    var depth: Int
    /// By name.
    var children: [Child] = []
    /// The source whose own name ends here, where another's goes on.
    var source: Int?
  }

  /// More than these no run has that is not made to hurt.
  private static let mostDirectories = 1 << 16

  /// The first is the top.
  private(set) var directories = [Directory(parent: 0, depth: 0)]

  /// - Parameter omit: told of a source that cannot have a path.
  init(_ sources: [Source], omit: (Source) -> Void) {
    var lookup: [[String: Target]] = [[:]]
    for (number, source) in sources.enumerated() {
      guard let names = Self.components(of: source.name), directories.count + names.count < Self.mostDirectories else {
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
    var made = Directory(parent: directory, name: name, depth: directories[directory].depth + 1)
    if case .source(let source)? = lookup[directory][name] { made.source = source }
    directories.append(made)
    lookup.append([:])
    lookup[directory][name] = .directory(number)
    return number
  }

  /// The names on the way to a directory, with slashes between them.
  func path(of directory: Int) -> String {
    var names: [String] = []
    var place = directory
    while place != 0 {
      names.append(directories[place].name)
      place = directories[place].parent
    }
    return names.reversed().joined(separator: "/")
  }

  /// The child of that name, by bisection.
  func child(_ name: String, of directory: Int) -> Target? {
    let children = directories[directory].children
    return bisect(children.count) { children[$0].name.precedes(name) }
      .flatMap { children[$0].name == name ? children[$0].target : nil }
  }

  /// The names on the way to a source. Slashes that follow each other are one, as in any path.
  static func components(of source: String) -> [String]? {
    let names = FileNames.components(of: source).map(FileNames.encode)
    guard !names.isEmpty, names.allSatisfy(FileNames.fits) else { return nil }
    return names
  }
}
