internal import EXDF
internal import HDF5
internal import Reports

/// `aliases/`: a link for each name that the beamline gives to a source or a key of the run.
final class AliasesDirectory: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .names }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) throws(TreeError) -> Children {
    let aliases = owner.run.aliases
    let names = aliases.names
    let links = owner.object("aliases/*") { AliasLinks($0, owner) }
    var children: [Child] = []
    for (number, name) in names.enumerated() where FileNames.components(of: name).count == 1 {
      guard let target = aliases[name], try owner.path(of: target) != nil else { continue }
      children.append(Child(FileNames.encode(name), Node(links, at: number)))
    }
    let readMe = owner.object("aliases/README.txt") { AliasesReadMe($0, owner) }
    return .list(children + [Child("README.txt", Node(readMe))])
  }
}

/// The links in `aliases/`; the position is one among the names of the run's aliases.
final class AliasLinks: LinkObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { position < owner.run.aliases.names.count }
  func scope(at position: Int) -> FileScope { .names }

  func target(at position: Int) throws(TreeError) -> String {
    let aliases = owner.run.aliases
    guard let target = aliases[aliases.names[position]], let path = try owner.path(of: target) else {
      throw .notFound(reason: nil)
    }
    return "../\(path)"
  }
}

/// `aliases/README.txt`: where the names come from, and which lead to nothing in this run.
final class AliasesReadMe: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .names }

  func content(at position: Int) -> Content {
    let run = owner.run
    return owner.generated.cheap { () throws(ReadError) in try AliasReports.readMe(for: run) }
  }
}

extension RunTree {
  var aliasesDirectory: Node { Node(object("aliases") { AliasesDirectory($0, self) }) }

  /// From the top of the tree to what an alias stands for; nil where the run does not have it.
  fileprivate func path(of target: Aliases.Target) throws(TreeError) -> String? {
    guard let number = run.sourceNumber(named: target.source),
      let names = SourcePaths.components(of: target.source)
    else { return nil }
    let directory = (["sources"] + names).joined(separator: "/")
    guard let key = target.key else { return directory }
    let source = TreeSource(self, number)
    // As in EXtra-data a key of a control source is also found without its `.value`.
    for name in [key, "\(key).value"] {
      guard let number = try source.keyNumber(named: FileNames.encode(name)) else { continue }
      return "\(directory)/keys/\(FileNames.encode(try source.key(number).key().name))"
    }
    return nil
  }
}
