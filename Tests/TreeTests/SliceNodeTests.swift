import RawHDF5
import TestRuns
import Testing

@testable import Tree

/// Names that are not listed but open.
@Suite struct SliceNodeTests {
  private let key = "sources/S/XGM/1:output/keys/data.n"

  @Test func slicesOfWholeKeysAndTrains() throws {
    let grown = try GrownTree()
    // Six rows of the first file, two of the second: -2...3 and -2, -1, by train 2, 0, 1, 3, 1, 1.
    func numbers(_ name: String) throws -> [Int16] {
      let bytes = try grown.contents("\(key)/\(name)")
      return stride(from: 128, to: bytes.count, by: 2).map {
        Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
      }
    }
    #expect(try numbers("array.npy") == [-2, -1, 0, 1, 2, 3, -2, -1])
    #expect(try numbers("array@0.npy") == [-2])
    #expect(try numbers("array@-3:.npy") == [3, -2, -1])
    #expect(try numbers("array@1:7:3.npy") == [-1, 2])
    #expect(try numbers("array@....npy") == [-2, -1, 0, 1, 2, 3, -2, -1])
    #expect(try numbers("trains/10003@1:.npy") == [2, 3])
    #expect(try numbers("trains/10002:10005.npy") == [0, 1, 2, 3, -2])
    #expect(try numbers("trains/10002:10005@::2.npy") == [0, 2, -2])
    #expect(try numbers("trains/:10002.npy") == [-2, -1])
    #expect(try numbers("trains/10004:.npy") == [-2, -1])
    #expect(try numbers("trains/1:99999999999.npy") == numbers("array.npy"))
    // As by_id: nothing between, and nothing backwards.
    #expect(try numbers("trains/10001:10002.npy").isEmpty && numbers("trains/10005:10000.npy").isEmpty)
    let ids = try grown.contents("train_ids@1:3.npy")
    #expect(ids == npy("<u8", [2], [UInt64(10_001), 10_002].rawBytes))
    let entry = try grown.contents("trains/10003/S/XGM/1:output/data.n@2.npy")
    #expect(entry == npy("<i2", [], [3, 0]))
  }

  @Test(arguments: [
    "array@8.npy", "array@0,0.npy", "array@.npy", "array@a.npy", "array@0:1:-1.npy", "array@0", "array@0.npy.npy",
    "info@0.npy", "info.txt@0.npy", "counts@0.npy", "nothing@0.npy", "@0.npy", "array@0@0.npy", "array@0.NPY",
    "trains/10001@0.npy", "trains/010000:10001.npy", "trains/a:b.npy", "trains/+1:2.npy", "trains/10000:10001:2.npy",
    "trains/10000:10001", "trains/99999999999999999999:.npy", "trains@0.npy",
  ])
  func whatIsNoSliceIsNotFound(_ name: String) throws {
    let grown = try GrownTree()
    let error = try #require(throws: TreeError.self) { try grown.node("\(key)/\(name)") }
    guard case .notFound = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func theReasonIsWorthALine() throws {
    let grown = try GrownTree()
    let error = try #require(throws: TreeError.self) { try grown.node("\(key)/array@99.npy") }
    #expect(error.description.contains("index 99 is out of bounds for axis 0 with size 8"))
  }

  /// The same name is the same node while anybody knows it; when nobody does, it is forgotten.
  @Test func slicesLiveAsLongAsTheyAreUsed() throws {
    let grown = try GrownTree()
    let directory = try grown.node(key)
    let first = try directory.lookup("array@0:2.npy")
    let second = try directory.lookup("array@0:2.npy")
    let other = try directory.lookup("array@0:3.npy")
    #expect(first == second && first != other)
    grown.mounted.forget(first, count: 1)
    #expect(try first.attributes().size == 132)
    grown.mounted.forget(first, count: 1)
    #expect(throws: TreeError.self) { try first.attributes() }
    #expect(throws: TreeError.self) { try first.open() }
    #expect(try other.attributes().size == 134)
    // More than was ever taken, of what is gone, and of what is never counted.
    grown.mounted.forget(other, count: .max)
    grown.mounted.forget(other, count: 1)
    grown.mounted.forget(grown.mounted.root, count: 5)
    #expect(throws: TreeError.self) { try other.attributes() }
    let again = try directory.lookup("array@0:2.npy")
    #expect(again != first)
    #expect(try again.attributes().size == 132)
  }
}
