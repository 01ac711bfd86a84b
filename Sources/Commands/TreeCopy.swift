internal import ArrayIO
internal import Glibc
internal import Tree

/// Copies parts of a tree to the disk.
///
/// What is asked for by name appears when it is complete: a file, or a new directory with all that is below it. Of what is added to
/// directories that are there, each file does.
struct TreeCopy {
  let tree: MountedTree
  let runs: RunGuard
  /// Whether files and links that are there may be replaced, and directories that are there added to.
  let replaces: Bool

  /// One thing to be copied.
  struct Item {
    let node: Node
    let place: OutputPlace
  }

  init(_ tree: MountedTree, outside runs: RunGuard, replacing: Bool) {
    self.tree = tree
    self.runs = runs
    replaces = replacing
  }

  /// What has to be copied, and where to: `paths` of the tree into the directory `destination`, or the only one to that place. Of
  /// the whole tree these are the entries of its top, where `destination` is a directory.
  ///
  /// - Throws: ``Failure`` where a path is not in the tree, or something may not be written at its place: before anything is.
  func items(_ paths: [String], to destination: OutputPlace) throws -> [Item] {
    guard destination.occupant == .directory else {
      guard paths.count == 1 else { throw Failure("\(destination.path) is not a directory") }
      let node = try TreePath.node(paths[0], in: tree)
      // A link takes the place of a link, where anything else goes through it.
      let isLink = node.kind == .symbolicLink
      let item = Item(node: node, place: isLink ? try OutputPlace(destination.path, followsLinks: false) : destination)
      try runs.check(item.place)
      try check(item)
      return [item]
    }
    let directory = try inside(destination)
    try runs.check(directory, for: destination.path)
    var items: [Item] = []
    for path in paths {
      let node = try TreePath.node(path, in: tree)
      if let name = path.split(separator: "/").last.map(String.init) {
        items.append(try item(node, name, in: directory))
      } else {
        try TreePath.entries(of: node) { items.append(try item($0.node, $0.name, in: directory)) }
      }
    }
    var names: Set<String> = []
    for item in items {
      guard names.insert(item.place.name).inserted else {
        throw Failure("\(item.place.path) would be written twice: copy one of the two to another name")
      }
      try check(item)
    }
    return items
  }

  /// An entry of a directory that lies outside of all runs; links in it may lead elsewhere.
  private func item(_ node: Node, _ name: String, in directory: OutputDirectory) throws(Failure) -> Item {
    let isLink = node.kind == .symbolicLink
    let place = try OutputPlace(name, in: directory, followsLinks: !isLink)
    if place.directory !== directory { try runs.check(place) }
    return Item(node: node, place: place)
  }

  /// Throws a sentence if something may not be written at its place in a directory that lies outside of all runs.
  private func check(_ item: Item) throws(Failure) {
    try runs.check(occupantOf: item.place)
    switch (item.node.kind, item.place.occupant) {
    case (_, .nothing): return
    case (.directory, .directory):
      guard replaces else { throw item.place.isTaken }
      try runs.check(inside(item.place), for: item.place.path)
    case (.directory, _): throw Failure("cannot write \(item.place.path): it is not a directory")
    case (_, .directory): throw Failure("cannot write \(item.place.path): it is a directory")
    case (.file, .stream), (.file, .descriptor): return
    case (.symbolicLink, .stream), (.symbolicLink, .descriptor):
      throw Failure("cannot write \(item.place.path): it is a device or a pipe, and no place for a link")
    case (_, .file), (_, .link): guard replaces else { throw item.place.isTaken }
    }
  }

  private func inside(_ place: OutputPlace) throws(Failure) -> OutputDirectory {
    try OutputDirectory(place.name, at: place.directory, shown: place.path)
  }

  /// Copies one thing.
  func copy(_ item: Item) throws {
    switch item.node.kind {
    case .file: try write(item)
    case .symbolicLink:
      let draft = try draftLink(item)
      defer { Drafts.shared.discard(draft) }
      try item.place.publish(draft)
    case .directory:
      var additions = Additions()
      defer { for draft in additions.drafts { Drafts.shared.discard(draft.draft) } }
      try add(item, to: &additions)
      try publish(&additions)
    }
  }

  /// What is ready to be put into directories that are there.
  private struct Additions {
    /// More directories than these are not held at a time: each takes a descriptor.
    static let mostDirectories = 256

    var drafts: [(draft: Drafts.Draft, place: OutputPlace)] = []
    /// The directories, to be given their times when all is in them; those inside first.
    var directories: [(node: Node, place: OutputPlace)] = []

    /// Writes all of it to the disk.
    func synchronize() throws(Failure) {
      var devices: Set<UInt> = []
      for (draft, place) in drafts where devices.insert(draft.directory.inode.device).inserted {
        guard draft.directory.synchronizeFileSystem() else { throw place.failure() }
      }
    }
  }

  /// Puts all of it in its place. It is written to the disk at once: file by file takes a disk's latency for each.
  private func publish(_ additions: inout Additions) throws(Failure) {
    try additions.synchronize()
    for (draft, place) in additions.drafts { try place.publish(draft) }
    for (node, place) in additions.directories { try date(place.name, in: place.directory, node) }
    try additions.synchronize()
    additions = Additions()
  }

  /// Makes drafts of a directory that is new, or of all that is to come into one that is there.
  private func add(_ item: Item, to additions: inout Additions) throws {
    let place = item.place
    switch (item.node.kind, place.occupant) {
    case (.file, .stream), (.file, .descriptor): try write(item)
    case (.file, _):
      let source = try TreePath.open(item.node, place.path)
      let draft = try AtomicFile(place, replacing: replaces).draft(
        modified: try modified(item.node), isSynchronized: false
      ) { (descriptor) throws(Failure) in try Output.write(source, to: descriptor, place.path) }
      additions.drafts.append((draft, place))
    case (.symbolicLink, _): additions.drafts.append((try draftLink(item), place))
    case (.directory, .directory):
      let directory = try inside(place)
      try TreePath.entries(of: item.node) { entry in
        let entry = try self.item(entry.node, Self.checked(entry.name, in: directory), in: directory)
        try check(entry)
        try add(entry, to: &additions)
      }
      additions.directories.append((item.node, place))
      if additions.directories.count >= Additions.mostDirectories { try publish(&additions) }
    case (.directory, _):
      let draft = try Drafts.shared.make(in: place.directory) { (name) throws(Failure) in
        guard mkdirat(place.directory.descriptor, name, 0o777) == 0 else { throw place.failure() }
      }
      additions.drafts.append((draft, place))
      try fill(OutputDirectory(draft.name, at: place.directory, shown: place.path), from: item.node)
      try date(draft.name, in: place.directory, item.node)
    }
  }

  private func write(_ item: Item) throws(Failure) {
    let path = item.place.path
    let source = try TreePath.open(item.node, path)
    let file = try AtomicFile(item.place, replacing: replaces)
    try file.write(modified: try modified(item.node)) { (descriptor) throws(Failure) in
      try Output.write(source, to: descriptor, path)
    }
  }

  private func draftLink(_ item: Item) throws(Failure) -> Drafts.Draft {
    let place = item.place
    let target = try TreePath.target(of: item.node)
    return try Drafts.shared.make(in: place.directory) { (name) throws(Failure) in
      guard symlinkat(target, place.directory.descriptor, name) == 0 else { throw place.failure() }
    }
  }

  /// Copies the entries of a directory into a new one that is a draft, or lies in one.
  private func fill(_ directory: OutputDirectory, from node: Node) throws {
    try TreePath.entries(of: node) { entry in
      let name = try Self.checked(entry.name, in: directory)
      let path = directory.path(of: name)
      func failure() -> Failure { Failure("cannot write \(path): \(String(cString: strerror(errno)))") }
      switch entry.kind {
      case .file:
        let source = try TreePath.open(entry.node, path)
        let descriptor = Drafts.shared.step {
          openat(directory.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        try Output.write(source, to: descriptor, path)
        let time = try modified(entry.node)
        futimens(descriptor, [time, time])
      case .symbolicLink:
        let target = try TreePath.target(of: entry.node)
        let isMade = Drafts.shared.step { symlinkat(target, directory.descriptor, name) == 0 }
        guard isMade else { throw failure() }
      case .directory:
        let isMade = Drafts.shared.step { mkdirat(directory.descriptor, name, 0o777) == 0 }
        guard isMade else { throw failure() }
        try fill(OutputDirectory(name, at: directory, shown: path), from: entry.node)
        try date(name, in: directory, entry.node)
      }
    }
  }

  /// A name that stays in its directory: names come from files.
  private static func checked(_ name: String, in directory: OutputDirectory) throws(Failure) -> String {
    guard !["", ".", ".."].contains(name), !name.utf8.contains(UInt8(ascii: "/")) else {
      throw Failure("cannot write \(directory.path): the tree has an entry \(name) in it, which no file can be called")
    }
    return name
  }

  private func modified(_ node: Node) throws(Failure) -> timespec {
    let time = try TreePath.attributes(of: node).modified
    return timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
  }

  private func date(_ name: String, in directory: OutputDirectory, _ node: Node) throws(Failure) {
    let time = try modified(node)
    utimensat(directory.descriptor, name, [time, time], AT_SYMLINK_NOFOLLOW)
  }
}
