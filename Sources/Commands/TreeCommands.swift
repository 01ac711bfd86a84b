internal import ArgumentParser
internal import ArrayIO
internal import EXDF
internal import ExampleRun
internal import FUSE
internal import Glibc
internal import HDF5
internal import Logging
internal import Printable
internal import Reports
internal import Tree

/// `xfelfs umount MNT`.
struct UnmountCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "umount", abstract: "Unmount a run.")

  @Argument(help: "Where it is mounted.") var mountPoint: String
  @Flag(
    name: [.customShort("z"), .long], help: "Take the mount away even while it is in use; it ends with its last user.")
  var lazy = false

  func run() throws {
    do throws(MountError) {
      try MountPoint.unmount(mountPoint, lazy: lazy)
    } catch {
      throw Failure(error.description)
    }
  }
}

/// `xfelfs info RUN`.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print what is in a run: its info.txt.")

  @Argument(help: "The run.") var source: String
  @Flag(help: "Print info.json instead.") var json = false
  @OptionGroup(title: "What of the run") var options: RunOptions

  func run() throws {
    let tree = try TreePath.run(source, options)
    let text: [UInt8]
    do throws(ReadError) {
      let overview = try RunOverview(of: tree.run)
      text = json ? try overview.json() : overview.text
    } catch {
      throw Failure(error.description)
    }
    try Output.write(BytesSource(text), "info")
  }
}

/// `xfelfs ls RUN [PATH]`.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List a directory of the tree, without a mount.")

  @Argument(help: "The run.") var source: String
  @Argument(help: "A path in the tree; its top if there is none.") var paths: [String] = [""]
  @Flag(name: [.customShort("l")], help: "Show the kind and size of each entry.") var long = false
  @OptionGroup(title: "What of the run") var options: RunOptions

  func run() throws {
    let tree = try TreePath.tree(source, options)
    for path in paths {
      let node = try TreePath.node(path, in: tree)
      if node.kind == .directory {
        try TreePath.entries(of: node) { entry in try show(entry) }
      } else {
        try show(Child(name: path, node: node, kind: node.kind))
      }
    }
  }

  private func show(_ entry: Child) throws {
    let name = entry.name.printable
    guard long else {
      print(name)
      return
    }
    let attributes = try TreePath.attributes(of: entry.node)
    let size = String(attributes.size)
    let padding = String(repeating: " ", count: max(0, 14 - size.count))
    switch entry.kind {
    case .directory: print("d \(padding)\(size) \(name)")
    case .file: print("- \(padding)\(size) \(name)")
    case .symbolicLink:
      let target = (try? entry.node.target()) ?? "?"
      print("l \(padding)\(size) \(name) -> \(target.printable)")
    }
  }
}

/// `xfelfs cat RUN PATH...`.
struct CatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Write files of the tree to the standard output, without a mount.")

  @Argument(help: "The run.") var source: String
  @Argument(help: "Paths in the tree; slices such as array@0:10.npy too.") var paths: [String]
  @OptionGroup(title: "What of the run") var options: RunOptions

  func run() throws {
    let tree = try TreePath.tree(source, options)
    for path in paths {
      let node = try TreePath.node(path, in: tree)
      try Output.write(try TreePath.open(node, path), path)
    }
  }
}

/// `xfelfs example DIR`.
struct ExampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "example", abstract: "Write a small run to try things with: a detector, a camera, an XGM and more.")

  @Argument(help: "The directory to write it to; made if it is not there.") var directory: String

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    try RunGuard().check(OutputPlace(directory))
    let (example, draft) = try begin()
    defer { Drafts.shared.discard(draft) }
    do throws(ExampleRunError) {
      let summary = try example.write()
      Drafts.shared.release(draft)
      print("wrote \(summary.fileCount) files, \(summary.byteCount / 1_000_000) MB, to \(directory)")
    } catch {
      throw Failure(error.description)
    }
  }

  /// Makes the directory; a signal from then on removes it.
  private func begin() throws(Failure) -> (ExampleRun, Drafts.Draft) {
    try Drafts.shared.step { () throws(Failure) in
      let example: ExampleRun
      do throws(ExampleRunError) {
        example = try ExampleRun(in: directory)
      } catch {
        throw Failure(error.description)
      }
      return (example, Drafts.shared.note(try OutputPlace(example.unfinished)))
    }
  }
}
