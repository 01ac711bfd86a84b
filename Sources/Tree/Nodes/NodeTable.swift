internal import Synchronization

/// What is known of an object from its making on.
public struct ObjectIdentity: Hashable, Sendable {
  /// Its number in the ``NodeTable``: 24 bits.
  let number: UInt32
  /// Of its path, the same on every machine and after every mount.
  let pathHash: UInt64
}

/// The objects of all trees of a mount by number, and the numbers of nodes as the kernel knows them.
///
/// A node's number has the object in the upper 24 bits and the position in the lower 40, mixed by a bijection: the kernel finds an inode
/// by the low bits of its number, and numbers that differ in high bits only share one bucket (`stat` of the 10,000th train took
/// 1,440 µs, and 9 µs once mixed).
public final class NodeTable: Sendable {
  private struct State {
    /// By number; nil for the number 0, which no object has, and for objects that are gone.
    var objects: [(any NodeObject)?] = [nil]
    /// Numbers of objects that are gone: the kernel has forgotten them, so another may have them.
    var free: [UInt32] = []
    /// The raw number of the node that the kernel calls 1.
    var root: UInt64 = 0
  }
  private let state = Mutex(State())

  static let positionBits = 40
  /// More positions than these no object has.
  static let mostPositions = 1 << positionBits
  static let mostObjects = 1 << 24

  public init() {}

  /// Makes an object under a number of its own.
  ///
  /// - Parameter path: what its path hash is made of: the same for the same part of the same tree.
  func add<Object: NodeObject>(_ path: String, _ make: (ObjectIdentity) -> Object) -> Object {
    let number = state.withLock { state -> UInt32 in
      if let number = state.free.popLast() { return number }
      precondition(state.objects.count < Self.mostObjects, "a mount of more than 2^24 directories")
      state.objects.append(nil)
      return UInt32(state.objects.count - 1)
    }
    let object = make(ObjectIdentity(number: number, pathHash: PathHash.of(path)))
    state.withLock { $0.objects[Int(number)] = object }
    return object
  }

  /// Takes objects out that the kernel has forgotten.
  func remove(_ objects: [any NodeObject]) {
    state.withLock { state in
      for object in objects where state.objects[Int(object.identity.number)] === object {
        state.objects[Int(object.identity.number)] = nil
        state.free.append(object.identity.number)
      }
    }
  }

  /// How many objects there are.
  public var count: Int { state.withLock { $0.objects.count - 1 - $0.free.count } }

  /// Says which node the kernel calls 1.
  func setRoot(_ node: Node) { state.withLock { $0.root = Self.raw(node) } }

  // MARK: - Numbers

  private static func raw(_ node: Node) -> UInt64 {
    UInt64(node.object.identity.number) << UInt64(positionBits) | UInt64(truncatingIfNeeded: node.position)
  }

  /// The number of a node.
  public func number(of node: Node) -> UInt64 {
    let root = state.withLock { $0.root }
    let raw = Self.raw(node)
    if raw == root { return 1 }
    let mixed = NodeMixing.mix(raw)
    // The one number that is the root's belongs to whatever the mixing gave it to.
    return mixed == 1 ? NodeMixing.mix(root) : mixed
  }

  /// The node of a number that came from ``number(of:)``.
  /// - Throws: ``TreeError/notFound(reason:)`` for any other number.
  public func node(_ number: UInt64) throws(TreeError) -> Node {
    let found = state.withLock { state -> Node? in
      let raw: UInt64
      if number == 1 {
        raw = state.root
      } else {
        let unmixed = NodeMixing.unmix(number)
        raw = unmixed == state.root ? NodeMixing.unmix(1) : unmixed
      }
      let index = Int(raw >> UInt64(Self.positionBits))
      guard index < state.objects.count, let object = state.objects[index] else { return nil }
      return Node(object, at: Int(raw & UInt64(Self.mostPositions - 1)))
    }
    guard let found else { throw .notFound(reason: nil) }
    return found
  }
}

extension Node {
  /// What `stat` shows as the inode number: a hash of its path, equal on every machine and after every mount. Never 0.
  public var shownInode: UInt64 {
    let mixed = NodeMixing.mix(object.identity.pathHash &+ UInt64(truncatingIfNeeded: position))
    return mixed < 2 ? mixed &+ 2 : mixed
  }
}

/// A bijection of 64 bits that spreads every bit over all (the finalizer of SplitMix64). 0 stays 0.
enum NodeMixing {
  private static let first: UInt64 = 0xBF58_476D_1CE4_E5B9
  private static let second: UInt64 = 0x94D0_49BB_1331_11EB
  // The inverses of the odd factors modulo 2^64.
  private static let firstInverse: UInt64 = 0x96DE_1B17_3F11_9089
  private static let secondInverse: UInt64 = 0x3196_42B2_D24D_8EC3

  static func mix(_ value: UInt64) -> UInt64 {
    var value = value
    value = (value ^ value >> 30) &* first
    value = (value ^ value >> 27) &* second
    return value ^ value >> 31
  }

  static func unmix(_ value: UInt64) -> UInt64 {
    var value = value
    value = (value ^ value >> 31 ^ value >> 62) &* secondInverse
    value = (value ^ value >> 27 ^ value >> 54) &* firstInverse
    return value ^ value >> 30 ^ value >> 60
  }
}

/// FNV-1a, 64 bits: the same everywhere, as Swift's own hashes are not.
enum PathHash {
  static func of(_ path: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    // Positions are added to it: neighbours in the sum must not be neighbours in the path.
    return NodeMixing.mix(hash)
  }
}
