internal import EXDF
internal import HDF5
internal import Reports

/// `trains/`: a directory for each train of the run.
final class TrainsDirectory: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .run }

  func children(at position: Int) -> Children {
    let (run, tree, folders) = (owner.run, owner, owner.trainFolders(0))
    return Children(
      slots: run.trainIDs.count, directories: run.trainIDs.count,
      child: { train throws(TreeError) in
        Child(name: "\(run.trainIDs[train])", node: Node(folders, at: train), kind: .directory)
      },
      slot: { name throws(TreeError) in tree.trainPosition(name) })
  }
}

/// The sources of a train by the directories that the slashes of their names make; the position is the train.
final class TrainFolders: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree
  /// One of ``SourcePaths/directories``: the first is the train's own directory.
  private let path: Int

  init(_ identity: ObjectIdentity, _ tree: RunTree, path: Int) {
    self.identity = identity
    owner = tree
    self.path = path
  }

  func isNode(at position: Int) -> Bool { position < owner.run.trainIDs.count }
  func scope(at position: Int) -> FileScope { path == 0 ? .run : .sources(below: path) }

  func linkCount(at position: Int) throws(TreeError) -> Int {
    2 + owner.folderChildren(path, [], node(position)).directories
  }

  func children(at position: Int) throws(TreeError) -> Children {
    var own: [Child] = []
    if let source = owner.paths.directories[path].source {
      try TreeSource(owner, source).children(inTrain: position).list(from: 0) { child, _ in
        own.append(child)
        return true
      }
    }
    return owner.folderChildren(path, own, node(position))
  }

  private func node(_ train: Int) -> (SourcePaths.Target) -> Node {
    let tree = owner
    return { target in
      switch target {
      case .directory(let path): Node(tree.trainFolders(path), at: train)
      case .source(let source): tree.trainSource(source, train)
      }
    }
  }

  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    guard path == 0 else { return [:] }
    // When a train was, as in trains.csv; empty where no file knows.
    let times = try reading { () throws(ReadError) in try owner.run.trainTimes() }
    guard position < times.timestamps.count, times.timestamps[position] != 0 else { return ["timestamp": ""] }
    return ["timestamp": Timestamp.text(times.timestamps[position])]
  }

  func extendedAttributeNames(at position: Int) -> [String]? { path == 0 ? ["timestamp"] : [] }
}

/// A source in each train; the position is the train.
final class TrainSource: DirectoryObject, SourceObject {
  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func isNode(at position: Int) -> Bool { position < source.tree.run.trainIDs.count }
  func linkCount(at position: Int) -> Int { 2 }
  func children(at position: Int) throws(TreeError) -> Children { try source.children(inTrain: position) }
}

extension RunTree {
  var trainsDirectory: Node { Node(object("trains") { TrainsDirectory($0, self) }) }

  func trainFolders(_ path: Int) -> TrainFolders {
    object("trains/*/\(path == 0 ? "" : paths.path(of: path))") { TrainFolders($0, self, path: path) }
  }

  fileprivate func trainSource(_ number: Int, _ train: Int) -> Node {
    let source = TreeSource(self, number)
    let place = "trains/*/\(source.source.name)"
    if source.source.legacyTarget != nil { return Node(object(place) { LegacyLink($0, source) }, at: train) }
    return Node(object(place) { TrainSource($0, source) }, at: train)
  }
}

extension TreeSource {
  /// The keys of the source that have data in a train, as files.
  func children(inTrain train: Int) throws(TreeError) -> Children {
    let keys = try keys()
    let files = tree.object("trains/*/\(source.name)/*") { KeyTrainFiles($0, self) }
    return Children(
      slots: keys.count, directories: 0,
      child: { number throws(TreeError) in
        guard try key(number).hasArray(), try key(number).hasData(inTrain: train) else { return nil }
        let node = Node(files, at: files.position(ofKey: number) + train)
        return Child(name: FileNames.encode(keys[number].name) + ".npy", node: node, kind: .file)
      },
      slot: { name throws(TreeError) in
        guard let stem = FileNames.stem(name) else { return nil }
        return try keyNumber(named: String(stem))
      })
  }
}
