import ArrayIO
import HDF5
import TestRuns
import Testing

@testable import Tree

/// What holds for every node of a tree, whatever the run.
@Suite struct WalkTests {
  /// Without detectors that can be stacked, and with one.
  static let detectors = ["D", "SPB_DET_AGIPD1M-1"]

  @Test(arguments: [nil, "1.3"], detectors)
  func sizesAreThoseOfTheBytes(_ version: String?, _ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(version: version, detector: detector))
    var files = 0
    try grown.walk { path, node, kind in
      let attributes = try node.attributes()
      #expect(attributes.kind == kind, "\(path)")
      switch kind {
      case .file:
        files += 1
        // A table may still be in the making: then its size is 0 and not final.
        let bytes = try grown.contents(node)
        let known = attributes.isFinal ? attributes : try node.attributes()
        // Reports on the files as they are now have a size, but not for good.
        #expect(known.isFinal != node.mayChange && known.size == bytes.count, "\(path)")
        #expect(throws: TreeError.self) { try grown.entries(node) }
        #expect(throws: TreeError.self) { try node.lookup("x") }
      case .directory: #expect(throws: TreeError.self, "\(path)") { try node.open() }
      case .symbolicLink: #expect(try node.target().utf8.count == attributes.size)
      }
    }
    #expect(files > 150)
    #expect(grown.reports.all.isEmpty)
  }

  /// A listing that is taken one name at a time, as a reader with a small buffer takes it, is the same listing.
  @Test(arguments: detectors)
  func listingsGoOnWhereTheyStopped(_ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(detector: detector))
    func check(_ node: Node, _ path: String) throws {
      let whole = try grown.entries(node)
      var cookie = 0
      for (entry, next) in whole {
        let one = try #require(try grown.entries(node, from: cookie, most: 1).first)
        #expect(
          one.entry.name == entry.name && one.entry.node == entry.node && one.next == next, "\(path)/\(entry.name)")
        // Cookies rise, so none leads back.
        #expect(next > cookie)
        cookie = next
      }
      for end in [cookie, cookie + 1, Int.max] { #expect(try grown.entries(node, from: end).isEmpty, "\(path)") }
    }
    try check(grown.mounted.root, "")
    try grown.walk { path, node, kind in if kind == .directory { try check(node, path) } }
  }

  @Test(arguments: detectors)
  func whatIsListedIsFound(_ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(detector: detector))
    var met: Set<UInt64> = []
    func check(_ node: Node, _ path: String) throws {
      let entries = try grown.entries(node)
      #expect(Set(entries.map(\.entry.name)).count == entries.count, "\(path): names twice")
      for (entry, _) in entries {
        #expect(try node.lookup(entry.name) == entry.node, "\(path)/\(entry.name)")
        #expect(entry.node.kind == entry.kind)
        #expect(met.insert(grown.mounted.table.number(of: entry.node)).inserted, "\(path)/\(entry.name): a node twice")
        for wrong in [entry.name + " ", entry.name.uppercased() + "X", "0" + entry.name, entry.name + "/"] {
          #expect(throws: TreeError.self, "\(path)/\(wrong)") { try node.lookup(wrong) }
        }
      }
      let directories = entries.count { $0.entry.kind == .directory }
      #expect(try node.attributes().linkCount == 2 + directories, "\(path)")
    }
    try check(grown.mounted.root, "")
    try grown.walk { path, node, kind in if kind == .directory { try check(node, path) } }
  }

  @Test(arguments: detectors)
  func pathsLeadToWhatTheyName(_ detector: String) throws {
    let grown = try GrownTree(SmallRun.files(detector: detector))
    try grown.walk { path, node, kind in
      guard kind != .symbolicLink || path.hasPrefix("files/") else { return }
      let found = try [path, "/./\(path)//"].map { try grown.node($0) }
      #expect(found == [node, node], "\(path)")
    }
    #expect(try grown.node("") == grown.mounted.root)
    #expect(try grown.node("sources/S/../../trains/..") == grown.mounted.root)
    #expect(try grown.node("../..") == grown.mounted.root)
    #expect(throws: TreeError.self) { try grown.node("sources/S/none") }
    #expect(throws: TreeError.self) { try grown.node("info.txt/x") }
  }

  @Test func legacyNamesLeadToTheirSource() throws {
    let grown = try GrownTree()
    for top in ["sources", "trains/10002"] {
      let directory = try grown.node("\(top)/D/DET")
      let link = try directory.lookup("0CH0:xtdf")
      #expect(link.kind == .symbolicLink)
      let target = try link.target()
      #expect(target == "../../D/CORR/0CH0:output")
      // As the kernel follows it: from the directory that the link is in.
      let behind = try grown.node("\(top)/D/DET/\(target)")
      #expect(behind == (try grown.node("\(top)/D/CORR/0CH0:output")))
      #expect(try grown.node("\(top)/D/DET/0CH0:xtdf") == behind)
    }
    let array = "keys/image.data/array.npy"
    #expect(
      try grown.contents("sources/D/DET/0CH0:xtdf/\(array)") == grown.contents("sources/D/CORR/0CH0:output/\(array)"))
  }

  @Test func filesAreLinksToTheRunsOwn() throws {
    let grown = try GrownTree()
    try grown.directory.write("zz.h5", [1])
    let names = try grown.entries(grown.node("files")).map(\.entry.name)
    #expect(names == ["CORR-R0001-AGIPD00-S00000.h5", "RAW-R0001-DA01-S00000.h5", "RAW-R0001-DA01-S00001.h5"])
    for (entry, _) in try grown.entries(grown.node("files")) {
      #expect(try entry.node.target() == "\(grown.directory.path)/\(entry.name)")
    }
  }

  @Test func timesAreThoseOfFiles() throws {
    let grown = try GrownTree(isAged: true)
    let train = try grown.node("trains/10002/S/XGM/1/energy.value.npy").attributes()
    let raw = try ["S00000", "S00001"].map { sequence in
      try #require(FileIdentity(path: "\(grown.directory.path)/RAW-R0001-DA01-\(sequence).h5"))
    }
    // The newest of the source's files.
    let newest = try #require([Time(raw[0]), Time(raw[1])].max())
    #expect(Time(raw[0]) != Time(raw[1]) && train.modified == newest)
    let identity = try #require(FileIdentity(path: "\(grown.directory.path)/CORR-R0001-AGIPD00-S00000.h5"))
    let array = try grown.node("sources/D/CORR/0CH0:output/keys/image.data/array.npy").attributes()
    #expect(array.modified.seconds == identity.modificationSeconds)
    #expect(array.modified.nanoseconds == identity.modificationNanoseconds)
  }

  @Test func extendedAttributesSayWhatAnArrayIs() throws {
    let grown = try GrownTree()
    func attributes(_ path: String) throws -> [String: String] {
      try grown.node(path).extendedAttributes().mapValues {
        String(decoding: $0, as: UTF8.self)
      }
    }
    let key = "sources/S/XGM/1/keys/energy.value"
    let expected = [
      "user.dtype": "<f4", "user.shape": "(6,)", "user.units": "\u{3BC}J", "user.source": "S/XGM/1",
      "user.key": "energy.value", "user.unitSymbol": "J", "user.metricPrefixSymbol": "u",
    ]
    for path in [key, "\(key)/array.npy", "\(key)/trains"] { #expect(try attributes(path) == expected, "\(path)") }
    #expect(try attributes("\(key)/trains/10001.npy")["user.shape"] == "()")
    #expect(try attributes("\(key)/array@1:3.npy")["user.shape"] == "(2,)")
    #expect(try attributes("train_ids.npy") == ["user.dtype": "<u8", "user.shape": "(6,)"])
    #expect(try attributes("info.txt").isEmpty)
    let odd = try attributes("sources/S/CAM/1:out/keys/data.odd")
    #expect(odd["user.dtype"] == nil && odd["user.key"] == "data.odd")
  }
}
