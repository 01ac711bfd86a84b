internal import EXDF

/// The directory of a source.
final class SourceDirectory: DirectoryObject, SourceObject {
  /// Its files, in the order of the listing. A new kind of file is a type of its own, and a line here.
  static let files: [any SourceFile] = [SourceInfo(), SourceCounts(), SourceTable(), SourceRunValues()]

  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func children(at position: Int) -> Children { .list(Self.children(of: source)) }

  /// What a source has of its own.
  static func children(of source: TreeSource) -> [Child] {
    let files = source.tree.object("sources/\(source.source.name)/*") { SourceFiles($0, source) }
    return Self.files.indices.filter { Self.files[$0].isListed(in: source.source) }
      .map { Child(Self.files[$0].name, Node(files, at: $0)) } + [Child("keys", source.keysDirectory)]
  }
}

/// A file in a source's directory.
protocol SourceFile: Sendable {
  var name: String { get }
  func isListed(in source: Source) -> Bool
  func content(of source: TreeSource) -> Content
}

extension SourceFile {
  func isListed(in source: Source) -> Bool { true }
}

/// The files of a source's directory; the position is one in ``SourceDirectory/files``.
final class SourceFiles: LeafObject, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func isNode(at position: Int) -> Bool {
    position < SourceDirectory.files.count && SourceDirectory.files[position].isListed(in: source.source)
  }
  func content(at position: Int) -> Content { SourceDirectory.files[position].content(of: source) }
}
