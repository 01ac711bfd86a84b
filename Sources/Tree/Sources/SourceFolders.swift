internal import EXDF

/// `sources/`, and the directories that the slashes of source names make in it; the position is one in ``SourcePaths/directories``.
final class SourceFolders: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { position < owner.paths.directories.count }
  func scope(at position: Int) -> FileScope { position == 0 ? .run : .sources(below: position) }

  func children(at position: Int) -> Children {
    let folders = owner.paths.directories[position]
    let own = folders.source.map { SourceDirectory.children(of: TreeSource(owner, $0)) } ?? []
    return owner.folderChildren(position, own) { [self] target in
      switch target {
      case .directory(let path): Node(self, at: path)
      case .source(let source): owner.sourceDirectory(source)
      }
    }
  }
}

extension RunTree {
  /// `sources/`, or a directory that slashes make in it.
  func sourceFolder(_ path: Int) -> Node { Node(object("sources") { SourceFolders($0, self) }, at: path) }

  /// The directory of a source; a link for a legacy name.
  func sourceDirectory(_ source: Int) -> Node {
    let name = run.sources[source].name
    if run.sources[source].legacyTarget != nil {
      return Node(object("sources/\(name)") { LegacyLink($0, TreeSource(self, source)) })
    }
    return Node(object("sources/\(name)") { SourceDirectory($0, TreeSource(self, source)) })
  }

  /// What is in a directory that slashes make: what a source whose own name ends there has of its own hides what another, longer name would
  /// have there.
  func folderChildren(
    _ path: Int, _ own: [Child], _ node: @escaping (SourcePaths.Target) -> Node
  ) -> Children {
    let others = paths.directories[path].children
    let directories = others.count { child in
      if case .source(let source) = child.target { return run.sources[source].legacyTarget == nil }
      return true
    }
    guard own.isEmpty else {
      let names = Set(own.map(\.name))
      return .list(own + others.filter { !names.contains($0.name) }.map { Child($0.name, node($0.target)) })
    }
    return .ascending(
      others.count, directories: directories, name: { others[$0].name },
      child: { slot throws(TreeError) in Child(others[slot].name, node(others[slot].target)) })
  }
}

/// An old name of a source, which leads to the source.
final class LegacyLink: LinkObject, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  // Of a link in a train's directory the position is the train.
  func isNode(at position: Int) -> Bool { position <= source.tree.run.trainIDs.count }

  func target(at position: Int) throws(TreeError) -> String {
    guard let target = source.source.legacyTarget, let names = SourcePaths.components(of: target),
      let own = SourcePaths.components(of: source.source.name)
    else { throw .notALink }
    return (Array(repeating: "..", count: own.count - 1) + names).joined(separator: "/")
  }
}
