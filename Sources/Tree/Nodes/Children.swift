internal import EXDF

/// One name in a directory.
public struct Child: Sendable {
  public var name: String
  public var node: Node
  public var kind: EntryKind

  public init(name: String, node: Node, kind: EntryKind) {
    self.name = name
    self.node = node
    self.kind = kind
  }

  init(_ name: String, _ node: Node) { self.init(name: name, node: node, kind: node.kind) }
}

/// What is in a directory, said once for lookups and listings.
///
/// Children stand in slots, in the order of the listing. A slot may be empty.
public struct Children {
  /// One more than the last slot.
  let slots: Int
  /// How many of the children are directories.
  let directories: Int
  /// What is in a slot; nil where nothing is.
  let child: (Int) throws(TreeError) -> Child?
  /// The slot of a name, if it is one that can be in the directory.
  let slot: (String) throws(TreeError) -> Int?
  /// The first slot at or after this one that is not empty, as far as is known; nil where none is left.
  let next: (Int) throws(TreeError) -> Int?

  init(
    slots: Int, directories: Int, child: @escaping (Int) throws(TreeError) -> Child?,
    slot: @escaping (String) throws(TreeError) -> Int?,
    next: @escaping (Int) throws(TreeError) -> Int? = { slot in slot }
  ) {
    self.slots = slots
    self.directories = directories
    self.child = child
    self.slot = slot
    self.next = next
  }

  /// A handful of names.
  static func list(_ children: [Child]) -> Children {
    Children(
      slots: children.count, directories: children.count { $0.kind == .directory },
      child: { slot throws(TreeError) in children[slot] },
      slot: { name throws(TreeError) in children.firstIndex { $0.name == name } })
  }

  /// Names that are ascending by their bytes, found by bisection.
  static func ascending(
    _ count: Int, directories: Int, name: @escaping (Int) -> String,
    child: @escaping (Int) throws(TreeError) -> Child?
  ) -> Children {
    Children(
      slots: count, directories: directories, child: child,
      slot: { sought throws(TreeError) in
        bisect(count) { name($0).precedes(sought) }.flatMap { name($0) == sought ? $0 : nil }
      })
  }

  /// The child of that name.
  func child(named name: String) throws(TreeError) -> Child? {
    guard let slot = try slot(name), slot >= 0, slot < slots, let child = try child(slot), child.name == name,
      FileNames.fits(name)
    else { return nil }
    return child
  }

  /// Gives `take` each child and the cookie of the place behind it, until it says false.
  func list(from cookie: Int, _ take: (Child, Int) -> Bool) throws(TreeError) {
    var slot = cookie
    while slot >= 0, slot < slots, let next = try next(slot), next < slots {
      if let child = try child(next), FileNames.fits(child.name), !take(child, next + 1) { return }
      slot = next + 1
    }
  }
}

/// The first of `count` positions for which `isBefore` is false; nil where there is none. `isBefore` must be true up to some position and
/// false from there on.
func bisect(_ count: Int, isBefore: (Int) -> Bool) -> Int? {
  var low = 0
  var high = count
  while low < high {
    let middle = (low + high) / 2
    if isBefore(middle) { low = middle + 1 } else { high = middle }
  }
  return low < count ? low : nil
}
