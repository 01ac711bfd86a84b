import RawHDF5
import TestRuns
import Testing

@testable import Tree

/// The whole tree of a run against a plain model of it: every name, and the bytes of every array and table of counts.
@Suite struct ModelTests {
  /// A name in the tree, and its contents where the model knows them.
  enum Expected: Equatable {
    case directory
    case link
    case file([UInt8]?)
  }

  @Test(arguments: [nil, "1.0", "1.1", "1.2", "1.3"])
  func theSmallRun(_ version: String?) throws {
    try compare(SmallRun.files(version: version))
  }

  /// Runs with everything that files do wrong, at random.
  @Test(arguments: 0..<12)
  func runsThatAreWrong(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var files: [MadeFile] = []
    for number in 0..<3 {
      let trains = (0..<6).map { _ in random.below(5) == 0 ? 0 : UInt64(random.below(12)) + 100 }
      // Of a train twice in a file the first row counts; the model need not know that.
      let unique = trains.enumerated().map { trains[..<$0.offset].contains($0.element) ? 0 : $0.element }
      func group(_ name: String, rows: Int) -> MadeGroup {
        var group = MadeGroup(
          name, firsts: unique.map { _ in UInt64(random.below(rows + 2)) },
          counts: unique.map { _ in UInt64(random.below(4)) }, [])
        if random.below(2) == 0 { group.style = .last }
        return group
      }
      var frames = group("data", rows: 8)
      frames.keys = [
        MadeKey("data/x", .uint16, shape: [8, 2], .bytes(random.bytes(count: 32))).chunked(3),
        MadeKey("data/y", .float(size: 4, bigEndian: true), shape: [7], .bytes(random.bytes(count: 28))),
      ]
      let other = group("other", rows: 5)
      let control = MadeSource.control("A/B/\(number % 2)", [MadeKey("v/value", random.bytes(count: 5))], index: other)
      var file = MadeFile("RAW-\(2 - number).h5", trainIDs: unique, [.instrument("A/B/C:x", [frames]), control])
      file.padding = random.below(3)
      files.append(file)
    }
    try compare(files)
  }

  private func compare(_ files: [MadeFile]) throws {
    let expected = Self.tree(Model(files), files)
    let grown = try GrownTree(files)
    var met: [String: Expected] = [:]
    try grown.walk { path, node, kind in
      switch kind {
      case .directory: met[path] = .directory
      case .symbolicLink: met[path] = .link
      case .file: met[path] = .file(try grown.contents(node))
      }
    }
    #expect(Set(met.keys).subtracting(expected.keys).sorted() == [], "names that should not be there")
    #expect(Set(expected.keys).subtracting(met.keys).sorted() == [], "names that are missing")
    for (path, known) in expected.sorted(by: { $0.key < $1.key }) {
      switch (known, met[path]) {
      case (.file(nil), .file?): break
      case (_, let found):
        // The bytes of a whole array are nothing to print.
        let isEqual = found == known
        #expect(isEqual, "\(path)")
      }
    }
  }

  private static func tree(_ model: Model, _ files: [MadeFile]) -> [String: Expected] {
    var tree: [String: Expected] = [
      "files": .directory, "sources": .directory, "trains": .directory, "detectors": .directory, "export": .directory,
      "export/virtual.h5": .file(nil), "aliases": .directory, "select": .directory, "aligned": .directory,
      "aliases/README.txt": .file(nil), "select/README.txt": .file(nil), "aligned/README.txt": .file(nil),
    ]
    for name in [
      "README.txt", "info.txt", "info.json", "trains.csv", "sources.csv", "keys.csv", "missing.csv", "validation.txt",
      "validation.json", "locality.txt", "locality.json",
    ] {
      tree[name] = .file(nil)
    }
    tree["train_ids.npy"] = .file(npy("<u8", [model.trains.count], model.trains.rawBytes))
    for file in files { tree["files/\(file.name)"] = .link }
    for train in model.trains { tree["trains/\(train)"] = .directory }
    for name in Array(model.sources.keys) + Array(model.legacy.keys) {
      let tops = ["sources"] + model.trains.map { "trains/\($0)" }
      for top in tops {
        var path = top
        for part in name.split(separator: "/") {
          path += "/\(part)"
          tree[path] = .directory
        }
        if model.legacy[name] != nil { tree[path] = .link }
      }
    }
    for (name, source) in model.sources { add(name, source, model, to: &tree) }
    return tree
  }

  private static func add(_ name: String, _ source: Model.Source, _ model: Model, to tree: inout [String: Expected]) {
    let place = "sources/\(name)"
    for file in ["info.txt", "table.csv"] + (source.isControl ? ["run.csv"] : []) {
      tree["\(place)/\(file)"] = .file(nil)
    }
    tree["\(place)/keys"] = .directory
    tree["\(place)/counts.csv"] = .file(counts(source, model))
    for (key, array) in source.arrays {
      let directory = "\(place)/keys/\(key)"
      tree[directory] = .directory
      tree["\(directory)/info.txt"] = .file(nil)
      let counts = Dictionary(uniqueKeysWithValues: array.trains.map { ($0.id, $0.entries) })
      let lines = model.trains.map { "\($0),\(counts[$0] ?? 0)\n" }.joined()
      tree["\(directory)/counts.csv"] = .file(Array("train_id,count\n\(lines)".utf8))
      tree["\(directory)/train_ids.npy"] = .file(array.trainIDs)
      guard array.isOffered else { continue }
      tree["\(directory)/array.npy"] = .file(array.file)
      tree["\(directory)/trains"] = .directory
      for train in array.trains {
        let file = array.file(of: train)
        tree["\(directory)/trains/\(train.id).npy"] = .file(file)
        tree["trains/\(train.id)/\(name)/\(key).npy"] = .file(file)
      }
      if array.entryShape.isEmpty, !array.descriptor.hasPrefix("[") { tree["\(directory)/values.csv"] = .file(nil) }
    }
  }

  /// A column per group: of each train the most that any key of the group has.
  private static func counts(_ source: Model.Source, _ model: Model) -> [UInt8] {
    let groups = source.isControl ? [""] : source.groups.sorted()
    let columns = groups.map { group -> [UInt64: Int] in
      let keys = source.arrays.filter { source.isControl || $0.key.hasPrefix(group + ".") }.values
      // The key with the most entries stands for its group.
      let best = keys.max { $0.entries < $1.entries }
      return Dictionary(uniqueKeysWithValues: (best?.trains ?? []).map { ($0.id, $0.entries) })
    }
    var text = (["train_id"] + (source.isControl ? ["count"] : groups)).joined(separator: ",") + "\n"
    for train in model.trains {
      text += ([String(train)] + columns.map { String($0[train] ?? 0) }).joined(separator: ",") + "\n"
    }
    return Array(text.utf8)
  }
}
