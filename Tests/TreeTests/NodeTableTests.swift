import ArrayIO
import EXDF
import RawHDF5
import TestRuns
import Testing

@testable import Tree

@Suite struct NodeTableTests {
  @Test func mixingIsABijection() {
    var random = SeededGenerator(seed: 7)
    let numbers: [UInt64] = [0, 1, 2, .max, .max - 1, 1 << 63] + (0..<2000).map { _ in random.next() }
    for number in numbers {
      #expect(NodeMixing.unmix(NodeMixing.mix(number)) == number)
      #expect(NodeMixing.mix(NodeMixing.unmix(number)) == number)
    }
    #expect(NodeMixing.mix(0) == 0)
  }

  /// The kernel finds inodes by the low bits of their numbers: the trains of a key must not share them.
  @Test func neighboursDifferInTheirLowBits() throws {
    let grown = try GrownTree()
    let table = grown.mounted.table
    let first = try grown.node("sources/S/XGM/1/keys/energy.value/trains/10000.npy")
    let buckets = (0..<4096).map { table.number(of: Node(first.object, at: $0)) % 4096 }
    // Of 4096 in 4096 buckets at random, 1 - 1/e are met: 2589.
    #expect(Set(buckets).count > 2400)
  }

  @Test func everyNodeComesBackFromItsNumber() throws {
    let grown = try GrownTree(SmallRun.files(detector: "SPB_DET_AGIPD1M-1"))
    let table = grown.mounted.table
    var met: [UInt64: Node] = [:]
    try grown.walk { path, node, _ in
      let number = table.number(of: node)
      #expect(number > 1, "\(path)")
      #expect(met.updateValue(node, forKey: number) == nil, "\(path): a number twice")
      let found = try table.node(number)
      #expect(found == node, "\(path)")
    }
    #expect(met.count > 300)
    #expect(table.number(of: grown.mounted.root) == 1)
    let one = try table.node(1)
    #expect(one == grown.mounted.root)
    #expect(throws: TreeError.self) { _ = try table.node(0) }
  }

  /// The number that the mixing would give to the root, and the one that would be mixed to 1, are two other nodes' numbers.
  @Test func theRootTakesNobodysNumber() throws {
    let grown = try GrownTree()
    let table = grown.mounted.table
    let root = grown.mounted.root
    let mixed = NodeMixing.mix(UInt64(root.object.identity.number) << UInt64(NodeTable.positionBits))
    #expect(throws: TreeError.self) { try table.node(mixed) }
  }

  /// What `stat` shows does not depend on the order in which the tree is walked, nor on the mount.
  @Test func inodesShownAreThoseOfPaths() throws {
    let first = try GrownTree()
    let second = try GrownTree()
    var inodes: [String: UInt64] = [:]
    try first.walk { path, node, _ in inodes[path] = node.shownInode }
    // From another end.
    _ = try second.node("trains/10001/S/XGM/1")
    _ = try second.node("sources/S/XGM/1/keys/energy.value/array.npy")
    try second.walk { path, node, _ in #expect(inodes[path] == node.shownInode, "\(path)") }
    #expect(Set(inodes.values).count == inodes.count)
  }

  @Test func objectsAreFew() throws {
    let grown = try GrownTree()
    var names = 0
    try grown.walk { _, _, _ in names += 1 }
    #expect(grown.mounted.table.count * 2 < names)
  }

  /// What the kernel has forgotten wholly can be taken out, and its numbers used again.
  @Test func aTreeThatIsClosedGivesItsObjectsBack() throws {
    let grown = try GrownTree()
    let table = grown.mounted.table
    try grown.walk { _, _, _ in }
    let count = table.count
    let number = table.number(of: try grown.node("sources/S"))
    #expect(count > 50)
    grown.tree.close()
    #expect(table.count == 0)
    #expect(throws: TreeError.self) { try table.node(number) }
    try grown.walk(grown.tree.root) { _, _, _ in }
    #expect(table.count == count)
  }

  /// Numbers that never were a node's: each operation may only refuse them.
  @Test(arguments: WalkTests.detectors)
  func garbageIsRefusedNotFollowed(_ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(detector: detector))
    var random = SeededGenerator(seed: 51)
    var objects: [ObjectIdentifier: any NodeObject] = [:]
    var numbers = (0..<4000).map { _ in random.next() }
    try grown.walk { _, node, _ in objects[ObjectIdentifier(node.object)] = node.object }
    var refused = 0
    for object in objects.values {
      // Close to what is there, and far from it.
      let positions =
        Array(0..<70) + [1 << 16, 1 << 39, NodeTable.mostPositions - 1]
        + (0..<30).map { _ in random.below(1 << 20) } + (0..<30).map { _ in random.below(NodeTable.mostPositions) }
      for position in positions {
        let node = Node(object, at: position)
        numbers.append(grown.mounted.table.number(of: node))
        refused += Self.use(node)
      }
    }
    for number in numbers { if let node = try? grown.mounted.node(number) { refused += Self.use(node) } }
    #expect(refused > 1000)
  }

  /// Has every operation done with a node; returns 1 if it is none.
  private static func use(_ node: Node) -> Int {
    _ = try? node.lookup("x")
    _ = try? node.lookup("array@0.npy")
    _ = try? node.entries(from: 0) { _, cookie in cookie < 3 }
    _ = try? node.target()
    _ = try? node.extendedAttributes()
    _ = try? node.extendedAttributeNames()
    _ = node.mayChange
    _ = node.scope
    let opened = try? node.open()
    if let attributes = try? node.attributes() {
      if attributes.isFinal, attributes.kind == .file, let opened { #expect(opened.size == attributes.size) }
      return 0
    }
    return 1
  }
}
