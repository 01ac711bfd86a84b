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
      let run = run
      let sources = try concurrently(modules.map(\.source)) { source throws(ReadError) in try run.keys(of: source) }
      var names: Set<String> = []
      for keys in sources { names.formUnion(keys.filter { $0.group == group }.map(\.name)) }
      let keys = names.sorted { $0.precedes($1) }.compactMap { stack($0, sources) }
      cache.withLock { $0.keys = keys }
      return keys
    }
  }

  private func stack(_ name: String, _ sources: [[Key]]) -> DetectorKey? {
    let numbers = sources.map { keys in keys.firstIndex { $0.name == name && $0.problem == nil } }
    guard let reference = numbers.firstIndex(where: { $0 != nil }), let first = numbers[reference] else { return nil }
    let key = sources[reference][first]
    var stacked = DetectorKey(
      name: name, numbers: numbers, reference: reference, datatype: key.datatype, entryShape: key.entryShape,
      dropsFirstExtent: !type.hasCells && key.entryShape.first == 1, remarks: [])
    for (module, number) in numbers.enumerated() {
      guard let number else {
        stacked.remarks.append("\(modules[module].source.name) has no \(name); it is filled")
        continue
      }
      let other = sources[module][number]
      if other.entryShape != key.entryShape || !other.datatype.converts(to: key.datatype) {
        stacked.numbers[module] = nil
        stacked.remarks.append(
          "\(name) of \(modules[module].source.name) has another type or shape than that of "
            + "\(modules[reference].source.name); it is filled")
      }
    }
    return stacked
  }
}
