public import Access
public import Tree

/// Which users may see and read what of a mounted tree, and which owner and mode `stat` shows.
///
/// Everything is checked on behalf of the current request's caller (`Request.current`).
public protocol TreeAccess: Sendable {
  /// For how long the kernel may show the name and the attributes of a node to all users, in seconds.
  func cacheSeconds(of node: Node) -> Double
  /// Owner, group and mode of a node.
  func shownMode(of node: Node) -> ShownMode
  /// Checks that the caller may read what a node is made from.
  /// - Throws: ``AccessError``.
  func checkReading(_ node: Node) throws(AccessError)
  /// Checks that the caller may read the names in a directory.
  /// - Throws: ``AccessError``.
  func checkListing(_ node: Node) throws(AccessError)
  /// Checks that the caller may use names in a directory, or see the attributes of a node.
  /// - Throws: ``AccessError``.
  func checkPassing(_ node: Node) throws(AccessError)
  /// Whether other users get in.
  var letsOthersIn: Bool { get }
  /// Whether other users get in, and the files behind a node have led to other files: known once these have been opened for whatever is
  /// made of the node.
  func hasLinkedFiles(_ node: Node) -> Bool
  /// Checks that the caller may read the files that the files behind a node have led to.
  /// - Throws: ``AccessError``.
  func checkLinkedFiles(_ node: Node) throws(AccessError)
}
