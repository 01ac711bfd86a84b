public import HDF5
internal import Synchronization

/// A key of a detector: the same key of each of its modules.
public struct DetectorKey: Hashable, Sendable {
  public var name: String
  /// The key's position among the keys of each module's source; nil where the module has none that can be stacked.
  public var numbers: [Int?]
  /// The module whose type and shape count: the first that has the key.
  public var reference: Int
  public var datatype: Datatype
  /// Extents of one entry of one module, as the file has them.
  public var entryShape: [Int]
  /// Whether the first extent is 1 and is left out of the stack (EXDF.md 4.4).
  public var dropsFirstExtent: Bool
  /// What is left out of it, one sentence each.
  public var remarks: [String]
}

extension Detector {
  /// The keys of the main key's group, by name.
  public var keys: [DetectorKey] {
    get throws(ReadError) {
      if let keys = cache.withLock({ $0.keys }) { return keys }
      let group = type.group
      try loadRows()
      var sources: [[Key]] = []
      for module in modules { sources.append(try run.keys(of: module.source)) }
      var names: Set<String> = []
      for keys in sources { names.formUnion(keys.filter { $0.group == group }.map(\.name)) }
      var keys: [DetectorKey] = []
      for name in names.sorted(by: { $0.precedes($1) }) {
        if let key = try stack(name, sources) { keys.append(key) }
      }
      let found = keys
      cache.withLock { $0.keys = found }
      return found
    }
  }

  private func stack(_ name: String, _ sources: [[Key]]) throws(ReadError) -> DetectorKey? {
    var numbers = sources.map { keys in keys.firstIndex { $0.name == name && $0.problem == nil } }
    var forms: [(datatype: Datatype, entryShape: [Int], trains: Int)] = []
    let having = numbers.indices.filter { numbers[$0] != nil }
    for module in having {
      guard let number = numbers[module] else { continue }
      let key = sources[module][number]
      let index = try run.index(ofKey: number, of: modules[module].source)
      forms.append((key.datatype, key.entryShape, index.trainsWithData))
    }
    guard !forms.isEmpty else { return nil }
    // Modules that differ are promoted like files of a key.
    let common = CommonForm(forms)
    var remarks: [String] = []
    var reference: Int?
    let shape = "shape (\(common.entryShape.map(String.init).joined(separator: ", ")))"
    for (place, module) in having.enumerated() {
      let source = modules[module].source.name
      if common.members[place] {
        if reference == nil || forms[place].trains > 0 && forms[having.firstIndex(of: reference ?? 0) ?? 0].trains == 0
        {
          reference = module
        }
        if forms[place].datatype.asNumPySeesIt != common.datatype.asNumPySeesIt, forms[place].trains > 0 {
          remarks.append(
            "\(name) of \(source) is \(forms[place].datatype.name), read as \(common.datatype.name), exactly")
        }
        continue
      }
      numbers[module] = nil
      let own = forms[place]
      remarks.append(
        "\(name) of \(source) has another type or shape (dtype \(own.datatype.name), shape "
          + "(\(own.entryShape.map(String.init).joined(separator: ", ")))) than most trains of the other modules "
          + "(dtype \(common.datatype.name), \(shape)); it is filled")
    }
    for module in numbers.indices where !having.contains(module) {
      remarks.append("\(modules[module].source.name) has no \(name); it is filled")
    }
    guard let reference else { return nil }
    return DetectorKey(
      name: name, numbers: numbers, reference: reference, datatype: common.datatype, entryShape: common.entryShape,
      dropsFirstExtent: !type.hasCells && common.entryShape.first == 1, remarks: remarks)
  }
}
