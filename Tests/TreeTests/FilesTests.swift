import RawHDF5
import TestRuns
import Testing

@testable import Tree

/// Which HDF5 files a node is made from.
@Suite struct FilesTests {
  private static let early = "RAW-R0001-DA01-S00000.h5"
  private static let late = "RAW-R0001-DA01-S00001.h5"
  private static let corrected = "CORR-R0001-AGIPD00-S00000.h5"
  private static let all: Set = [early, late, corrected]
  private static let detector = "SPB_DET_AGIPD1M-1"

  private func names(_ grown: GrownTree, _ files: [String]) -> Set<String> {
    Set(files.map { String($0.dropFirst(grown.directory.path.count + 1)) })
  }

  private static let one: Set = [corrected]
  private static let two: Set = [early, late]
  private static let paths: [(String, Set<String>)] = [
    ("", []), ("files", []), ("files/\(early)", []), ("files/\(late).validation.txt", [late]),
    ("README.txt", all), ("info.txt", all), ("keys.csv", all), ("train_ids.npy", all), ("locality.txt", all),
    ("sources", all), ("trains", all), ("trains/10001", all), ("sources/S", two), ("sources/S/XGM", two),
    ("sources/\(detector)", one), ("sources/S/XGM/1", two), ("sources/S/XGM/1/info.txt", two),
    ("sources/S/XGM/1/keys", two), ("sources/S/XGM/1/keys/energy.value/array.npy", two),
    ("sources/S/XGM/1/keys/energy.value/trains/10001.npy", two),
    ("sources/S/XGM/1/keys/energy.value/array@0.npy", two),
    ("sources/S/XGM/1/keys/energy.value/trains/10000:10003.npy", two),
    ("sources/\(detector)/CORR/0CH0:output/table.csv", one),
    ("trains/10001/S/XGM", two), ("trains/10001/S/XGM/1", two), ("trains/10001/S/XGM/1/energy.value.npy", two),
    ("trains/10001/\(detector)/CORR", one), ("detectors", one), ("detectors/\(detector)", one),
    ("detectors/\(detector)/info.txt", one), ("detectors/\(detector)/keys/image.data/array.npy", one),
    ("detectors/\(detector)/keys/image.data/array@0.npy", one),
    ("detectors/\(detector)/keys/image.data/trains/10000:10003.npy", one), ("export", one),
    ("export/virtual.h5", all), ("export/\(detector).cxi", one),
  ]

  @Test(arguments: paths)
  func filesBehindAPath(_ path: String, _ expected: Set<String>) throws {
    let grown = try GrownTree(SmallRun.files(detector: Self.detector))
    let node = try grown.node(path)
    #expect(names(grown, grown.tree.files(in: node.scope)) == expected)
  }

  /// A file that cannot be used is in the reports, and in nothing else.
  @Test func filesThatAreLeftOut() throws {
    var unusable = MadeFile("RAW-R0001-DA02-S00000.h5", trainIDs: [SmallRun.first], [])
    unusable.identifiers = ["NOTHING/that/is/known"]
    let grown = try GrownTree(SmallRun.files() + [unusable])
    let tree = grown.tree
    let others: Set = [unusable.name]
    #expect(try names(grown, tree.files(in: grown.node("validation.txt").scope)) == Self.all.union(others))
    #expect(try names(grown, tree.files(in: grown.node("locality.json").scope)) == Self.all.union(others))
    #expect(try names(grown, tree.files(in: grown.node("info.txt").scope)) == Self.all)
    let report = try grown.node("files/\(unusable.name).validation.txt")
    #expect(names(grown, tree.files(in: report.scope)) == others)
  }

  /// What a node is made from is never less than what is needed to get to it, and the directories that lead to several files'
  /// things can be passed with the right to one of them.
  @Test func whatIsPassedOnTheWay() throws {
    let grown = try GrownTree(SmallRun.files(detector: Self.detector))
    let tree = grown.tree
    var seen = 0
    try grown.walk { path, node, _ in
      seen += 1
      #expect(Set(tree.files(in: node.scope.toPass)).isSubset(of: tree.files(in: node.scope)), "\(path)")
    }
    #expect(seen > 300)
    for path in [
      "", "files", "sources", "sources/S", "trains", "trains/10001", "trains/10001/S", "detectors", "export",
    ] {
      #expect(try grown.node(path).scope.toPass == .names, "\(path)")
    }
    let key = try grown.node("sources/S/XGM/1/keys/energy.value")
    #expect(names(grown, tree.files(in: key.scope.toPass)) == [Self.early, Self.late])
    let frames = try grown.node("detectors/\(Self.detector)/keys/image.data/trains")
    #expect(names(grown, tree.files(in: frames.scope.toPass)) == [Self.corrected])
  }

  /// Scopes of what is not there have no files, and bring nothing down.
  @Test func scopesOfNothing() throws {
    let tree = try GrownTree().tree
    let scopes: [FileScope] = [
      .source(60_000), .sources(below: 60_000), .file(9), .detector(63), .names,
    ]
    for scope in scopes { #expect(tree.files(in: scope).isEmpty) }
  }
}
