internal import EXDF
internal import HDF5

/// `files/`: a link to each HDF5 file of the run.
final class FilesDirectory: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  /// Behind the name of a file: a name that is not listed but opens, so that a `grep -r` or a `cp -r` of the mount does not have every
  /// file validated twice.
  private static let reportSuffix = ".validation.txt"

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .names }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) -> Children {
    let links = owner.fileLinks
    let object = owner.object("files/*") { FileLinks($0, owner) }
    return .ascending(
      links.count, directories: 0, name: { links[$0].name },
      child: { slot throws(TreeError) in
        Child(name: links[slot].name, node: Node(object, at: slot), kind: .symbolicLink)
      })
  }

  func unlistedChild(named name: String, at position: Int) -> Node? {
    guard name.hasSuffix(Self.reportSuffix) else { return nil }
    let file = name.dropLast(Self.reportSuffix.count)
    return owner.fileLinks.firstIndex { $0.name == file }.map { number in
      Node(owner.object("files/*\(Self.reportSuffix)") { FileValidations($0, owner) }, at: number)
    }
  }
}

/// The links in `files/`, each to the file itself; the position is one among them.
final class FileLinks: LinkObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { position < owner.fileLinks.count }
  func scope(at position: Int) -> FileScope { .names }
  func modified(at position: Int) -> Time { owner.modified(fileLink: position) }
  func target(at position: Int) -> String { owner.fileLinks[position].path }
}

/// The validation of one file of the run each; the position is that of its link.
final class FileValidations: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { position < owner.fileLinks.count }
  func scope(at position: Int) -> FileScope { .file(position) }
  func modified(at position: Int) -> Time { owner.modified(fileLink: position) }

  func content(at position: Int) -> Content {
    owner.generated.volatile(owner.reports.validation(ofFile: position, owner.fileLinks[position].path))
  }
}

extension RunTree {
  var filesDirectory: Node { Node(object("files") { FilesDirectory($0, self) }) }

  fileprivate func modified(fileLink number: Int) -> Time {
    guard number < fileLinks.count else { return modified }
    let path = fileLinks[number].path
    return run.files.first { $0.reference.path == path }.map { Time($0.reference.identity) } ?? modified
  }
}
