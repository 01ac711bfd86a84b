internal import Printable

/// What a validation found, and how it is told.
public struct ValidationReport: Hashable, Sendable {
  /// As it was given.
  public var path: String
  public var isDirectory: Bool
  /// Whether there was any file to look into.
  public var couldOpen: Bool
  /// How many files were looked at.
  public var files: Int
  /// In order of file, dataset and message.
  public var problems: [Problem]
  /// Whether some are of a store that failed, rather than of a file: they may be others the next time.
  public var mayPass = false

  init(path: String, isDirectory: Bool, couldOpen: Bool, files: Int, problems: [Problem]) {
    self.path = path
    self.isDirectory = isDirectory
    self.couldOpen = couldOpen
    self.files = files
    self.problems = problems.sorted { $0.precedes($1) }
  }

  /// Adds what a reader of the files has met: a file that is named here would else be said to be sound.
  public mutating func add(damage: [(file: String, object: String, reason: String)]) {
    for (file, object, reason) in damage {
      let problem = Problem(
        .reader, "Could not be read when it was asked for",
        ["file": file, "error": reason].merging(object.isEmpty ? [:] : ["dataset": object]) { first, _ in first })
      let isKnown = problems.contains { known in
        known.attributes["file"] == file && (object.isEmpty || known.attributes["dataset"] == object)
      }
      if !isKnown { problems.append(problem) }
    }
    problems.sort { $0.precedes($1) }
  }

  /// What stands above the findings, before they are known.
  public static func heading(path: String, isDirectory: Bool) -> String {
    isDirectory ? "Checking run directory: \(path.printable)\n\n" : "Checking file: \(path.printable)\n"
  }

  /// What follows the heading.
  public var body: String {
    // EXtra-data has no count for a single file that it cannot open.
    if !isDirectory && !couldOpen { return list }
    guard !problems.isEmpty else { return "\nNo problems found\n" }
    return "\nValidation failed! \(problems.count) problems:\n" + list
  }

  private var list: String { problems.map { "\n\($0.text)\n" }.joined() }

  /// As `extra-data-validate` prints it.
  public var text: String { Self.heading(path: path, isDirectory: isDirectory) + body }

  /// 0 where nothing is wrong, else 1.
  public var exitStatus: Int32 { problems.isEmpty ? 0 : 1 }
}
