import RawHDF5
import TestRuns
import Testing

@testable import Tree

/// Source names that make odd paths, or none.
@Suite struct SourcePathsTests {
  private func grown(_ names: [String]) throws -> GrownTree {
    let sources = names.map { name in
      MadeSource.instrument(name, [MadeGroup("data", counts: [1], [MadeKey("data/x", [UInt8(5)])])])
    }
    return try GrownTree([MadeFile("a.h5", trainIDs: [7], sources)])
  }

  /// All directories and files below `sources`, as far as the sources themselves.
  private func sources(_ grown: GrownTree) throws -> [String] {
    var found: [String] = []
    try grown.walk { path, node, _ in
      if node.object is KeysDirectory { found.append(String(path.dropFirst("sources/".count).dropLast("/keys".count))) }
    }
    return found.sorted()
  }

  @Test(arguments: [
    ("A/B/C:x", "A/B/C:x"), ("A:x", "A:x"), ("A//B///C:x", "A/B/C:x"), ("A/B:x", "A/B:x"), ("../..:x", "%2E%2E/..:x"),
    ("./A:x", "%2E/A:x"), ("A/.../B:x", "A/.../B:x"), ("Ä/日本:x", "Ä/日本:x"), ("a b/c@d:x.y", "a b/c@d:x.y"),
    // A slash that a combining mark follows is one character to Swift, and still a slash to everybody else.
    ("A/\u{301}B:x", "A/\u{301}B:x"),
  ])
  func namesArePaths(_ name: String, _ path: String) throws {
    let grown = try grown([name])
    #expect(try sources(grown) == [path])
    #expect(try grown.contents("sources/\(path)/keys/data.x/array.npy") == npy("|u1", [1], [5]))
    #expect(try grown.contents("trains/7/\(path)/data.x.npy") == npy("|u1", [], [5]))
    try grown.walk { entry, _, _ in #expect(!entry.utf8.split(separator: 0x2F).contains { $0.elementsEqual("..".utf8) })
    }
    for part in try grown.entries(grown.node("sources")) { #expect(!part.entry.name.utf8.contains(0x2F)) }
  }

  @Test func commonBeginningsAreOneDirectory() throws {
    let grown = try grown(["A/B/C:x", "A/B/D:x", "A/E:x", "F:x"])
    #expect(try grown.entries(grown.node("sources")).map(\.entry.name) == ["A", "F:x"])
    #expect(try sources(grown) == ["A/B/C:x", "A/B/D:x", "A/E:x", "F:x"])
    #expect(try grown.node("sources").attributes().linkCount == 4)
  }

  @Test func aSourceBelowAnother() throws {
    let made = [
      MadeSource.control("A/B", [MadeKey("v/value", [UInt8(1)])], index: .everyTrain(1)),
      MadeSource.control("A/B/C", [MadeKey("w/value", [UInt8(2)])], index: .everyTrain(1)),
    ]
    let grown = try GrownTree([MadeFile("a.h5", trainIDs: [7], made)])
    #expect(try sources(grown) == ["A/B", "A/B/C"])
    for (path, value) in [("A/B", "v"), ("A/B/C", "w")] {
      #expect(try grown.contents("sources/\(path)/keys/\(value).value/array.npy").count == 129)
      #expect(try grown.contents("trains/7/\(path)/\(value).value.npy").count == 129)
    }
    let node = try grown.node("sources/A/B")
    let directories = try grown.entries(node).count { $0.entry.kind == .directory }
    #expect(try node.attributes().linkCount == 2 + directories)
  }

  /// What a source has under its own name hides what another would have there; a name never stands twice in a listing.
  @Test func noNameTwice() throws {
    let made = ["A", "A/keys", "A/info.txt", "A/v.value.npy"].map { name in
      MadeSource.control(name, [MadeKey("v/value", [UInt8(1)])], index: .everyTrain(1))
    }
    let grown = try GrownTree([MadeFile("a.h5", trainIDs: [7], made)])
    for path in ["sources/A", "trains/7/A"] {
      let node = try grown.node(path)
      let entries = try grown.entries(node)
      #expect(Set(entries.map(\.entry.name)).count == entries.count, "\(path)")
      for (entry, _) in entries { #expect(try node.lookup(entry.name) == entry.node) }
    }
  }

  @Test func namesThatNoFileSystemHas() throws {
    let long = String(repeating: "x", count: 256)
    let fits = String(repeating: "y", count: 255)
    let grown = try grown(["A/\(long):x", "\(long)/B:x", "\(fits)/B:x", "C:x"])
    #expect(try sources(grown) == ["C:x", "\(fits)/B:x"])
    #expect(grown.reports.all.count { $0.contains("has no place in the tree") } == 2)
  }

  @Test func twoNamesOfOnePath() throws {
    let made = [("a.h5", "A//B:x"), ("b.h5", "A/B:x")].map { file, name in
      MadeFile(
        file, trainIDs: [7],
        [
          .instrument(name, [MadeGroup("data", counts: [1], [MadeKey("data/x", [UInt8(5)])])])
        ])
    }
    let grown = try GrownTree(made)
    #expect(try sources(grown) == ["A/B:x"])
    #expect(grown.reports.contain("has no place in the tree"))
  }

  /// Keys too can have names that are too long for a file, or stand for something else.
  @Test func keysThatNoFileSystemHas() throws {
    let long = String(repeating: "k", count: 252)
    let keys = ["data/\(long)", "data/short", "data/\(String(repeating: "m", count: 247))"].map {
      MadeKey($0, [UInt8(1)])
    }
    let grown = try GrownTree([
      MadeFile("a.h5", trainIDs: [7], [.instrument("A:x", [MadeGroup("data", counts: [1], keys)])])
    ])
    #expect(try grown.entries(try grown.node("sources/A:x/keys")).count == 2)
    // 5 + 247 + 4 are 256.
    #expect(try grown.entries(try grown.node("trains/7/A:x")).map(\.entry.name) == ["data.short.npy"])
  }
}
