import Synchronization
import TestRuns
import Testing

@testable import Tree

/// Trees of selections, as nodes.
@Suite struct SelectionTreeTests {
  @Test func aSelectionIsATreeOfItsOwn() throws {
    let grown = try GrownTree()
    let array = "sources/S/XGM/1/keys/energy.value/array.npy"
    let selected = try grown.node("select/S?XGM?1")
    #expect(selected.object.tree?.whole === grown.tree && selected.object.tree !== grown.tree)
    #expect(try grown.contents("select/S?XGM?1/\(array)") == grown.contents(array))
    #expect(throws: TreeError.self) { try grown.node("select/S?XGM?1/sources/D") }
    #expect(throws: TreeError.self) { try grown.node("select/S?XGM?1/validation.txt") }
    // The same name is the same tree for as long as it is used.
    #expect(try grown.node("select/S?XGM?1") == selected)
    #expect(try grown.node("select/S?XGM?1/select/S?XGM?1/\(array)").kind == .file)
  }

  @Test func usesCountForTheRunToo() throws {
    let grown = try GrownTree()
    let node = try grown.node("select/S?XGM?1/info.txt")
    grown.mounted.remember(node)
    #expect(grown.tree.uses.load(ordering: .relaxed) == 1)
    grown.mounted.forget(node, count: 1)
    #expect(grown.tree.uses.load(ordering: .relaxed) == 0)
  }

  /// Names are as many as a user can think of; trees are not.
  @Test func notMoreThanAreBearable() throws {
    let grown = try GrownTree()
    let directory = try grown.node("select")
    var last: Node?
    for number in 1...SelectionTrees.most {
      let node = try directory.lookup("@0:1:\(number)")
      grown.mounted.remember(node)
      last = node
    }
    let error = #expect(throws: TreeError.self) { try directory.lookup("@0:2:1") }
    guard case .unreadable? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Those that are there go on working.
    #expect(try last?.attributes().kind == .directory)
    #expect(try directory.lookup("@0:1:7").kind == .directory)
  }
}
