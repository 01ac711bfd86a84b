internal import EXDF
public import HDF5

/// What is mounted: a top directory, and everything below it by number.
public struct MountedTree: Sendable {
  public let root: Node
  public let table: NodeTable
  /// Where there are several runs.
  private let proposal: ProposalTree?

  /// The tree of one run.
  public init(_ tree: RunTree) {
    root = tree.root
    table = tree.table
    proposal = nil
    table.setRoot(root)
  }

  init(root: Node, _ table: NodeTable) {
    self.root = root
    self.table = table
    proposal = nil
    table.setRoot(root)
  }

  /// The tree of one run, which may change.
  ///
  /// - Parameter table: of the run's trees.
  public init(_ run: LiveRun, in table: NodeTable) {
    root = Node(table.add("") { LiveRunDirectory($0, run) })
    self.table = table
    proposal = nil
    table.setRoot(root)
  }

  /// The tree of a proposal, or of a directory of runs.
  public init(_ tree: ProposalTree) {
    root = tree.root
    table = tree.table
    proposal = tree
    table.setRoot(root)
  }

  /// The node of a number that came from ``NodeTable/number(of:)``; the root is 1.
  /// - Throws: ``TreeError/notFound(reason:)`` for any other number.
  public func node(_ number: UInt64) throws(TreeError) -> Node {
    let node = try table.node(number)
    // What is in use is not closed.
    node.object.tree?.touch()
    return node
  }

  /// The bytes of all HDF5 files, and how many there are.
  public var totals: (bytes: UInt64, files: Int) {
    guard let run = root.object.tree?.run else { return (0, 0) }
    return (run.files.reduce(0) { $0 &+ UInt64(clamping: $1.reference.identity.size) }, run.files.count)
  }

  /// Has the validation of a run name what was wrong with one of its files when it was read.
  public func note(_ damage: HDF5Error) {
    root.object.tree?.note(damage)
    // Each run knows which files are its own.
    for open in proposal?.openRuns ?? [] { open.run.current.note(damage) }
  }

  /// The kernel has one more reference to a node.
  public func remember(_ node: Node) { node.object.tree?.addUses(1) }

  /// Uses of a node that the kernel gives back.
  public func forget(_ node: Node, count: UInt64) {
    if let slices = node.object as? Slices { slices.forget(node.position, count: count) }
    node.object.tree?.addUses(0 &- Int(clamping: count))
  }

  /// The node at a path below the root, links to other sources followed; for the commands that need no mount.
  /// - Throws: ``TreeError/notFound(reason:)``, or ``TreeError/notADirectory``.
  public func node(atPath path: String) throws(TreeError) -> Node {
    var walked: [Node] = [root]
    var names = FileNames.components(of: path)[...]
    // A link that leads to a link would be damage; one that leads to itself must not hang.
    var links = 0
    while let name = names.popFirst() {
      switch name {
      case ".": continue
      case "..": if walked.count > 1 { walked.removeLast() }
      default:
        let node = try walked[walked.count - 1].lookup(name)
        if node.kind == .symbolicLink, !node.isFileLink {
          links += 1
          guard links <= 8 else { throw .notFound(reason: "\(path): too many links") }
          names = FileNames.components(of: try node.target())[...] + names
        } else {
          walked.append(node)
        }
      }
    }
    return walked[walked.count - 1]
  }
}

extension Node {
  /// Whether what is in a directory stays as it is for as long as the kernel knows it.
  public var isFixed: Bool { object.tree != nil && !(object is LiveRunDirectory) }

  /// Whether it is a link out of the tree, to one of the run's own files.
  public var isFileLink: Bool { object is FileLinks }

  /// Whether it is the directory of the run's own files, whose names are those of the run's directory.
  public var isFilesDirectory: Bool { object is FilesDirectory }
}
