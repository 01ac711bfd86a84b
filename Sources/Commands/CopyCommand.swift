internal import ArgumentParser
internal import ArrayIO
internal import Glibc
internal import RunTree

/// `xfelfs cp RUN PATH... DEST`.
struct CopyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cp", abstract: "Copy files and whole directories out of the tree, without a mount.")

  @Argument(help: "The run.") var source: String
  @Argument(help: ArgumentHelp("Paths in the tree, and last where to copy them to.", valueName: "path... dest"))
  var paths: [String]

  mutating func validate() throws {
    guard paths.count >= 2 else { throw ValidationError("cp needs a path in the tree and a destination") }
  }

  func run() throws {
    let tree = try TreePath.tree(source)
    let destination = paths[paths.count - 1]
    var status = stat()
    let isDirectory = stat(destination, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    guard isDirectory || paths.count == 2 else { throw Failure("\(destination) is not a directory") }
    for path in paths.dropLast() {
      let node = try TreePath.node(path, in: tree)
      let name = path.split(separator: "/").last.map(String.init)
      // As with cp -r: into a directory that is there, under its own name; of the whole tree, its contents.
      let target = isDirectory ? name.map { "\(destination)/\($0)" } ?? destination : destination
      try copy(node, to: target, tree)
    }
  }

  private func copy(_ node: Node, to path: String, _ tree: RunTree) throws {
    let attributes = try TreePath.attributes(of: node, in: tree)
    switch attributes.kind {
    case .directory:
      if mkdir(path, 0o777) != 0, errno != EEXIST { throw failure(path) }
      try TreePath.entries(of: node, in: tree) { entry in try copy(entry.node, to: "\(path)/\(entry.name)", tree) }
    case .symbolicLink:
      unlink(path)
      guard symlink(try TreePath.target(of: node, in: tree), path) == 0 else { throw failure(path) }
      return
    case .file:
      let source = try TreePath.open(node, in: tree, path)
      let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw failure(path) }
      defer { close(descriptor) }
      try Output.write(source, to: descriptor, path)
    }
    let time = timespec(tv_sec: Int(attributes.modified.seconds), tv_nsec: Int(attributes.modified.nanoseconds))
    utimensat(AT_FDCWD, path, [time, time], 0)
  }

  private func failure(_ path: String) -> Failure { Failure("\(path): \(String(cString: strerror(errno)))") }
}
