internal import HDF5
internal import Synchronization

/// Where the files of a tree are kept that are made as a whole.
final class GeneratedFiles: Sendable {
  let texts = TextStore()
  let computed = ComputedFiles()
  private let cells = Mutex<[NodeKey: MadeText.Cell]>([:])
  /// A number that changes while the files answer that the texts are made from.
  private let progress: @Sendable () -> Int

  init(progress: @escaping @Sendable () -> Int) { self.progress = progress }

  func cheap(_ make: @escaping @Sendable () throws(ReadError) -> [UInt8]) -> Content {
    .generated(GeneratedFile(policy: .cheap(make), store: self))
  }

  func background(_ make: @escaping @Sendable () throws(ReadError) -> [UInt8]) -> Content {
    .generated(GeneratedFile(policy: .background(make), store: self))
  }

  /// - Parameter size: in bytes, exact.
  func sized(_ size: Int, _ make: @escaping @Sendable () throws(ReadError) -> [UInt8]) -> Content {
    .generated(GeneratedFile(policy: .sized(size, make), store: self))
  }

  func volatile(_ file: any VolatileFile) -> Content {
    .generated(GeneratedFile(policy: .volatile(file), store: self))
  }

  func madeText(_ node: Node, _ make: @escaping @Sendable () throws(ReadError) -> [UInt8]) -> MadeText {
    let cell = cells.withLock { cells -> MadeText.Cell in
      if let known = cells[NodeKey(node)] { return known }
      let cell = MadeText.Cell()
      cells[NodeKey(node)] = cell
      return cell
    }
    return MadeText(cell, progress: progress, make)
  }
}

/// A node as a key, which does not keep its object.
struct NodeKey: Hashable, Sendable {
  let object: UInt32
  let position: Int

  init(_ node: Node) {
    object = node.object.identity.number
    position = node.position
  }
}
