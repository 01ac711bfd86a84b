import EXDF
import RawHDF5
import TestRuns
import Testing

@testable import RunTree

@Suite struct NodeIDTests {
  private static let numbers = [0, 1, 255, 65_535]
  private static let trains = [0, 1, 65_536, (1 << 26) - 1]

  private static var nodes: [Node] {
    var nodes: [Node] = [.root, .files, .sources, .trains]
    nodes += RootFile.allCases.map { .rootFile($0) }
    for file in [0, 1, (1 << 26) - 1] { nodes += [.fileLink(file), .fileReport(file)] }
    nodes += [0, 1, UInt64(1) << 57, (UInt64(1) << 58) - 1].map { .slice($0) }
    nodes += trains.map { .train($0) }
    for source in numbers {
      nodes += [.sourcePath(source), .source(source), .keys(source)]
      nodes += SourceFile.allCases.map { .sourceFile(source, $0) }
      for train in trains {
        nodes += [.trainPath(train: train, path: source), .trainSource(train: train, source: source)]
      }
      for key in numbers {
        nodes += [.key(source: source, key: key), .keyTrains(source: source, key: key)]
        nodes += KeyFile.allCases.map { .keyFile(source: source, key: key, $0) }
        for train in trains {
          nodes += [
            .keyTrain(source: source, key: key, train: train), .trainKey(train: train, source: source, key: key),
          ]
        }
      }
    }
    return nodes
  }

  @Test func everyNodeComesBackFromItsNumber() {
    let nodes = Self.nodes
    for node in nodes { #expect(NodeID(node).node == node) }
    #expect(Set(nodes.map { NodeID($0).rawValue }).count == nodes.count)
  }

  @Test func theRootIsOneAndNobodyIsZero() {
    #expect(NodeID(.root).rawValue == 1)
    #expect(NodeID(rawValue: 0).node == nil)
  }

  /// Numbers that never were a node's: each operation may only refuse them.
  @Test(arguments: WalkTests.detectors)
  func garbageIsRefusedNotFollowed(_ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(detector: detector))
    var random = SeededGenerator(seed: 51)
    var numbers = (0..<64).flatMap { kind in
      [0, 0xFFFF << 6, 0xFFFF << 22, UInt64.max << 38, .max << 6].map { $0 | kind }
    }
    numbers += (0..<4000).map { _ in random.next() & (random.next() | 63) }
    numbers += (0..<4000).map { _ in random.next() & 0x3F_FFC7_FFC7_FFFF }
    // Close to what is there, below detectors/ too: small numbers in each place.
    numbers += (0..<6000).map { _ in random.next() & 0x0003_8038_41C1_FFFF }
    numbers += (0..<6000).map { _ in random.next() & 0x0018_0000_0E03_07C0 | 20 }
    var known: Set<UInt64> = [NodeID(.root).rawValue]
    try grown.walk { _, node, _ in known.insert(NodeID(node).rawValue) }
    for number in numbers {
      guard let node = NodeID(rawValue: number).node else { continue }
      // Most are no node's; then stat says so, and nothing else may do more than refuse.
      let isKnown = known.contains(NodeID(node).rawValue)
      let attributes = try? grown.tree.attributes(of: node)
      if isKnown { #expect(attributes != nil, "\(node)") }
      _ = try? grown.tree.lookup("info.txt", in: node)
      _ = try? grown.tree.lookup("10001@0.npy", in: node)
      _ = try? grown.tree.extendedAttributes(of: node)
      _ = try? grown.tree.target(of: node)
      let entries = try? grown.entries(node)
      let source = try? grown.tree.open(node)
      if attributes == nil { #expect(entries == nil && source == nil, "\(node)") }
      grown.tree.forget(node, count: .max)
    }
  }

  @Test func numbersOfOtherRunsAreNotFound() throws {
    let grown = try GrownTree()
    let nodes: [Node] = [
      .source(999), .sourcePath(999), .sourcePath(0), .keys(999), .sourceFile(999, .info), .key(source: 999, key: 0),
      .key(source: 0, key: 999), .keyTrains(source: 0, key: 999), .keyFile(source: 0, key: 999, .info), .train(6),
      .trainPath(train: 6, path: 1), .trainPath(train: 0, path: 999), .trainSource(train: 6, source: 0),
      .trainSource(train: 0, source: 999), .trainKey(train: 6, source: 0, key: 0), .fileLink(3), .slice(0),
      // A file that an instrument source does not have.
      .sourceFile(try #require(grown.tree.run.sourceNumber(named: "S/CAM/1:out")), .runValues),
    ]
    for node in nodes {
      #expect(throws: TreeError.self, "\(node)") { try grown.tree.attributes(of: node) }
      #expect(throws: TreeError.self, "\(node)") { try grown.entries(node) }
      #expect(throws: TreeError.self, "\(node)") { try grown.tree.lookup("keys", in: node) }
      #expect(throws: TreeError.self, "\(node)") { try grown.tree.open(node) }
      #expect(throws: TreeError.self, "\(node)") { try grown.tree.target(of: node) }
    }
  }
}
