internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
internal import Pictures

/// A directory that lists trains, in which `FIRST:LAST.npy` opens as all entries of the trains in that range of ids.
protocol TrainRangeDirectory: DirectoryObject {
  /// The array of the trains at these positions of the run.
  func array(ofTrains trains: Range<Int>, at position: Int) throws(TreeError) -> any ArraySource
}

/// The arrays of a run's tree that are not listed but open: slices of listed ones, and ranges of trains.
final class Slices: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree
  private let table = SliceTable()

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { table[position] != nil }

  func scope(at position: Int) -> FileScope {
    table[position].map { $0.base.node.object.scope(at: $0.base.node.position) } ?? .names
  }

  func modified(at position: Int) -> Time {
    table[position].map { $0.base.node.object.modified(at: $0.base.node.position) } ?? owner.modified
  }

  func content(at position: Int) throws(TreeError) -> Content {
    guard let entry = table[position] else { throw .notFound(reason: nil) }
    guard let product = entry.product else {
      return .array(ArrayContent { () throws(TreeError) in try Self.array(of: entry) })
    }
    let layout = Self.layout(of: entry)
    // The array opens no file; it is read when the product is made.
    let array = try Self.array(of: entry)
    guard let size = product.size(of: array.description, layout) else { throw .notFound(reason: nil) }
    let name = owner.run.path
    return owner.generated.sized(size) { () throws(ReadError) in try product.make(of: array, layout, name: name) }
  }

  /// The modules of a detector lie side by side.
  private static func layout(of entry: SliceTable.Entry) -> Layout {
    entry.base.node.object is any StackObject ? .tiles : .plain
  }

  /// Those of the array that it is taken of, but for what the slice changes.
  func extendedAttributes(at position: Int) throws(TreeError) -> [String: String] {
    guard let base = table[position]?.base.node else { throw .notFound(reason: nil) }
    var texts = try base.object.extendedAttributes(at: base.position)
    guard let entry = table[position], let product = entry.product else {
      texts.merge(try content(at: position).arrayAttributes()) { _, own in own }
      return texts
    }
    texts["dtype"] = nil
    texts["shape"] = nil
    texts.merge(product.attributes(of: try Self.array(of: entry).description)) { _, own in own }
    return texts
  }

  func forget(_ position: Int, count: UInt64) { table.forget(position, count: count) }

  private static func array(of entry: SliceTable.Entry) throws(TreeError) -> any ArraySource {
    let base: any ArraySource
    switch entry.base {
    case .array(let node):
      guard let leaf = node.object as? any LeafObject, case .array(let array) = try leaf.content(at: node.position)
      else { throw .notFound(reason: nil) }
      base = try array.open()
    case .trains(let node, let trains):
      guard let directory = node.object as? any TrainRangeDirectory else { throw .notFound(reason: nil) }
      base = try directory.array(ofTrains: trains, at: node.position)
    }
    guard let slice = entry.slice else { return base }
    do throws(Slice.Invalid) {
      return try SlicedArray(base, slice)
    } catch {
      throw .notFound(reason: "\(error)")
    }
  }

  /// The node of a name that is a slice of an array in a directory, or a range of its trains; nil where the name is neither.
  ///
  /// It counts as used until ``forget(_:count:)``.
  func node(named name: String, in directory: any DirectoryObject, at position: Int) throws(TreeError) -> Node? {
    let parsed = Product.parse(name)
    guard let stem = parsed.map({ $0.stem[...] }) ?? FileNames.stem(name) else { return nil }
    // The last @: a key's own name may have one.
    let at = stem.lastIndex(of: "@")
    let baseName = String(at.map { stem[..<$0] } ?? stem)
    guard let base = try base(baseName, in: directory, at: position, isListed: at != nil || parsed != nil) else {
      return nil
    }
    var slice: Slice?
    do throws(Slice.Invalid) {
      if let at { slice = try Slice(stem[stem.index(after: at)...]) }
    } catch {
      throw .notFound(reason: "\(name): \(error)")
    }
    let entry = SliceTable.Entry(base: base, slice: slice, product: parsed?.product)
    do throws(TreeError) {
      let array = try Self.array(of: entry)
      if let product = entry.product, product.size(of: array.description, Self.layout(of: entry)) == nil { return nil }
    } catch {
      // It does not fit.
      if case .notFound(let reason?) = error { throw .notFound(reason: "\(name): \(reason)") }
      throw error
    }
    return Node(self, at: table.intern(entry))
  }

  /// What stands before the `@`: a listed `.npy`, or a range of trains.
  private func base(
    _ name: String, in directory: any DirectoryObject, at position: Int, isListed: Bool
  ) throws(TreeError) -> SliceTable.Base? {
    if isListed, let listed = try directory.children(at: position).child(named: name + ".npy"), listed.kind == .file {
      return .array(listed.node)
    }
    guard directory is any TrainRangeDirectory, let colon = name.firstIndex(of: ":") else { return nil }
    let run = owner.run
    func bound(_ text: Substring, default position: Int) -> Int? {
      if text.isEmpty { return position }
      return UInt64(text).flatMap { String($0) == text ? run.firstPosition(notBelow: $0) : nil }
    }
    guard let first = bound(name[..<colon], default: 0),
      let end = bound(name[name.index(after: colon)...], default: run.trainIDs.count)
    else { throw .notFound(reason: "'\(name)' is not a range of train ids") }
    return .trains(Node(directory, at: position), first..<max(first, end))
  }
}
