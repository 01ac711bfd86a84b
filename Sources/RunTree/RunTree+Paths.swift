extension RunTree {
  /// The node at a path below the root, links to other sources followed; for the commands that need no mount.
  /// - Throws: ``TreeError/notFound(reason:)``, or ``TreeError/notADirectory``.
  public func node(atPath path: String) throws(TreeError) -> Node {
    var walked: [Node] = [.root]
    var names = Self.names(in: path)[...]
    // A link that leads to a link would be damage; one that leads to itself must not hang.
    var links = 0
    while let name = names.popFirst() {
      switch name {
      case ".": continue
      case "..": if walked.count > 1 { walked.removeLast() }
      default:
        let node = try lookup(name, in: walked[walked.count - 1])
        if kind(of: node) == .symbolicLink, case .fileLink = node {
          walked.append(node)
        } else if kind(of: node) == .symbolicLink {
          links += 1
          guard links <= 8 else { throw .notFound(reason: "\(path): too many links") }
          names = Self.names(in: try target(of: node))[...] + names
        } else {
          walked.append(node)
        }
      }
    }
    return walked[walked.count - 1]
  }

  /// By scalar, as in ``SourcePaths/components(of:)``.
  private static func names(in path: String) -> [String] {
    path.unicodeScalars.split(separator: "/").map { String(Substring($0)) }
  }
}
