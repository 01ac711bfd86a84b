internal import ArgumentParser

/// `xfelfs cp RUN PATH... DEST`.
struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cp", abstract: "Copy files and whole directories out of the tree, without a mount.",
    discussion: """
      A file, or a new directory with all that is in it, appears when it is complete. Links are copied as links. What exists is \
      left alone, unless --force is given.
      """)

  @Argument(help: "The run.") var source: String
  @Argument(help: ArgumentHelp("Paths in the tree, and last where to copy them to.", valueName: "path... dest"))
  var paths: [String]
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Flag(help: "Replace files that exist, and add to directories that exist.") var force = false

  mutating func validate() throws {
    guard paths.count >= 2 else { throw ValidationError("cp needs a path in the tree and a destination") }
  }

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    let destination = try OutputPlace(paths[paths.count - 1])
    let copy = TreeCopy(
      try TreePath.tree(source, options), outside: RunGuard(sources: [source] + options.union), replacing: force)
    for item in try copy.items(paths.dropLast(), to: destination) { try copy.copy(item) }
  }
}
