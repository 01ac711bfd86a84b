/// The top directory of a run.
final class RunDirectory: DirectoryObject, RunObject {
  /// Its files, in the order of the listing. A new kind of file is a type of its own, and a line here.
  static let files: [any RunFile] = [
    ReadMeFile(), RunInfoText(), RunInfoJSON(), TrainsTable(), SourcesTable(), KeysTable(), SelectionTable(),
    MissingTable(), TrainIDsFile(), ValidationText(), ValidationJSON(), LocalityText(), LocalityJSON(),
  ]

  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .names }

  func children(at position: Int) -> Children {
    let files = owner.runFiles
    return .list(
      Self.files.indices.filter { Self.files[$0].isListed(in: owner) }.map {
        Child(Self.files[$0].name, Node(files, at: $0))
      } + [
        Child("files", owner.filesDirectory), Child("sources", owner.sourceFolder(0)),
        Child("trains", owner.trainsDirectory), Child("detectors", owner.detectorsDirectory),
        Child("export", owner.exportDirectory), Child("aliases", owner.aliasesDirectory),
        Child("select", owner.selections(.select)), Child("aligned", owner.selections(.aligned)),
      ])
  }

  /// What takes long and is wanted by a reader who goes through the whole run.
  func prepareListing(at position: Int) {
    for number in Self.files.indices where Self.files[number].isListed(in: owner) {
      owner.start(Node(owner.runFiles, at: number))
    }
    owner.start(Node(owner.exportFiles, at: 0))
  }
}

/// A file in the top directory of a run.
protocol RunFile: Sendable {
  var name: String { get }
  /// The files that it is made from.
  var scope: FileScope { get }
  func isListed(in tree: RunTree) -> Bool
  func content(of tree: RunTree) -> Content
}

extension RunFile {
  var scope: FileScope { .run }
  func isListed(in tree: RunTree) -> Bool { true }
}

/// The files of a run's top directory; the position is one in ``RunDirectory/files``.
final class RunFiles: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool {
    position < RunDirectory.files.count && RunDirectory.files[position].isListed(in: owner)
  }
  func scope(at position: Int) -> FileScope { isNode(at: position) ? RunDirectory.files[position].scope : .names }
  func content(at position: Int) -> Content { RunDirectory.files[position].content(of: owner) }
}

extension RunTree {
  var runFiles: RunFiles { object("*") { RunFiles($0, self) } }

  /// Begins to make a file that is made in the background.
  func start(_ node: Node) {
    guard let leaf = node.object as? any LeafObject,
      case .generated(let file)? = try? leaf.content(at: node.position)
    else { return }
    file.start(node)
  }
}
