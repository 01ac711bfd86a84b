public import HDF5
internal import Synchronization

/// One quantity of a source, as one file describes it.
public struct Key: Hashable, Sendable {
  /// As EXtra-data writes it: dots between the parts, `.value` and `.timestamp` for a control source.
  public var name: String
  /// The part of the name that INDEX knows: up to the first dot, empty for a control source.
  public var group: String
  /// The path of the dataset in the file.
  public var path: String
  public var datatype: Datatype
  /// Extents of one entry.
  public var entryShape: [Int]
  /// Why it has no rows at all, where it has none: a single value, an extent nobody can hold.
  public var problem: String?

  public var isTimestamp: Bool { name.hasSuffix(".timestamp") }
  public var isValue: Bool { name.hasSuffix(".value") }
}

extension Run {
  /// The keys of a source, sorted by name.
  ///
  /// They are read from the first of its files that has the source's group, as EXtra-data takes one of them. A file that
  /// cannot be read costs nothing but itself.
  public func keys(of source: Source) -> [Key] {
    if let keys = source.cache.withLock({ $0.keys }) { return keys }
    return HDF5Library.withLock { library in
      if let keys = source.cache.withLock({ $0.keys }) { return keys }
      var keys: [Key] = []
      for file in source.files {
        if let found = readKeys(of: source, in: file, library) {
          keys = found
          break
        }
      }
      source.cache.withLock { $0.keys = keys }
      return keys
    }
  }

  private func readKeys(of source: Source, in file: Int, _ library: borrowing HDF5Library) -> [Key]? {
    do throws(EXDFError) {
      return try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) -> [Key]? in
        guard opened.kind(of: source.path, library) == .group else {
          report("\(opened.path): it lists \(source.name), but has no \(source.path)")
          return nil
        }
        var keys: [Key] = []
        for relative in try opened.datasets(below: source.path, library) {
          keys.append(Self.describe(relative, of: source, in: opened, library))
        }
        keys.sort { $0.name.precedes($1.name) }
        // 'a/b' and 'a.b' would be one key; the first is the one that EXtra-data reaches.
        var unique: [Key] = []
        for key in keys {
          if let last = unique.last, last.name == key.name {
            if key.path.utf8.count(where: { $0 == 0x2F }) > last.path.utf8.count(where: { $0 == 0x2F }) {
              unique[unique.count - 1] = key
            }
          } else {
            unique.append(key)
          }
        }
        return unique
      }
    } catch {
      report("\(error)")
      return nil
    }
  }

  private static func describe(
    _ relative: String, of source: Source, in file: borrowing File, _ library: borrowing HDF5Library
  ) -> Key {
    // By scalar: a slash and a combining mark behind it are one character to Swift.
    var dotted = String.UnicodeScalarView()
    for scalar in relative.unicodeScalars { dotted.append(scalar == "/" ? "." : scalar) }
    let name = String(dotted)
    let group = source.kind == .control ? "" : String(Substring(relative.unicodeScalars.prefix { $0 != "/" }))
    let path = "\(source.path)/\(relative)"
    do throws(HDF5Error) {
      let dataset = try file.dataset(path, library)
      let shape = try dataset.shape(library)
      let type = try dataset.datatype(library)
      return Key(
        name: name, group: group, path: path, datatype: type, entryShape: Array(shape.dropFirst()),
        problem: shape.isEmpty ? "it is a single value without rows" : nil)
    } catch {
      return Key(
        name: name, group: group, path: path, datatype: .unsupported("what cannot be opened"), entryShape: [],
        problem: error.reason)
    }
  }

  /// The attributes of a key's dataset; for the `.value` of a control source those of the property over them, which is where
  /// the DAQ writes them (EXDF.md 2.5).
  public func attributes(of key: Key, in source: Source) throws(EXDFError) -> [String: AttributeValue] {
    guard let file = source.files.first else { return [:] }
    return try HDF5Library.withLock { (library) throws(EXDFError) in
      try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) in
        var attributes = try opened.attributes(of: key.path, library)
        if source.kind == .control, key.isValue, let slash = key.path.lastIndex(of: "/") {
          let property = try opened.attributes(of: String(key.path[..<slash]), library)
          attributes.merge(property) { _, new in new }
        }
        return attributes
      }
    }
  }

  /// How a key is stored in one of its files.
  public func storage(of key: Key, inFile file: Int) throws(EXDFError) -> Storage {
    try HDF5Library.withLock { (library) throws(EXDFError) in
      try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) in
        try opened.dataset(key.path, library).storage(library)
      }
    }
  }

  /// The unit of a key with its prefix, such as `μJ`; nil where the file names none.
  public static func units(in attributes: [String: AttributeValue]) -> String? {
    guard case .string(let unit)? = attributes["unitSymbol"] else { return nil }
    guard case .string(let prefix)? = attributes["metricPrefixSymbol"] else { return unit }
    // The DAQ writes a u for micro.
    return (prefix == "u" ? "\u{03BC}" : prefix) + unit
  }
}
