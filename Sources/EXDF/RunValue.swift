public import HDF5
internal import Synchronization

/// The value of a property at the start of the run, from the RUN section.
public struct RunValue: Hashable, Sendable {
  public enum Contents: Hashable, Sendable {
    /// Elements as numpy lays them out, one after the other.
    case bytes([UInt8], Datatype)
    case strings([[UInt8]])
    /// What cannot be read, and why.
    case unreadable(String)
  }
  /// As in ``Key/name``, without `.value`.
  public var key: String
  /// Extents; empty for a single value.
  public var shape: [Int]
  public var contents: Contents
}

/// One dataset of METADATA.
public struct MetadataValue: Hashable, Sendable {
  public enum Contents: Hashable, Sendable {
    case text(String)
    case number(Int64)
  }
  public var name: String
  public var contents: Contents
}

extension Run {
  /// The most that one property's value may take, in bytes.
  private static let largestRunValue = 16 << 20

  /// Properties of a control source at the start of the run, sorted by key. Empty where it has none.
  ///
  /// From the first of its files that has them: they are the same in all (EXDF.md 2.5).
  public func runValues(of source: Source) -> [RunValue] {
    if let values = source.cache.withLock({ $0.runValues }) { return values }
    return HDF5Library.withLock { library in
      var values: [RunValue] = []
      for file in source.files {
        do throws(EXDFError) {
          let found = try files[file].read(filePool, library) { (opened, library) throws(HDF5Error) -> [RunValue]? in
            let group = "RUN/\(source.name)"
            guard opened.kind(of: group, library) == .group else { return nil }
            return try opened.datasets(below: group, library).filter { $0.hasSuffix("/value") }.map { path in
              Self.runValue("\(group)/\(path)", key: String(path.dropLast("/value".count)), opened, library)
            }
          }
          guard let found else { continue }
          values = found
          break
        } catch {
          report("\(error)")
        }
      }
      values.sort { $0.key.precedes($1.key) }
      source.cache.withLock { $0.runValues = values }
      return values
    }
  }

  private static func runValue(
    _ path: String, key: String, _ file: borrowing File, _ library: borrowing HDF5Library
  ) -> RunValue {
    let name = String(key.map { $0 == "/" ? "." : $0 })
    do throws(HDF5Error) {
      let dataset = try file.dataset(path, library)
      let shape = try dataset.shape(library)
      guard let rows = shape.first, rows > 0 else {
        return RunValue(key: name, shape: [], contents: .unreadable("it has no rows"))
      }
      let entry = Array(shape.dropFirst())
      let start = [Int](repeating: 0, count: shape.count)
      let type = try dataset.datatype(library)
      if case .variableString = type {
        let strings = try dataset.strings(start: start, count: [1] + entry, library)
        return RunValue(key: name, shape: entry, contents: .strings(strings))
      }
      var size = type.size ?? Int.max
      for extent in entry {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        size = overflow ? Int.max : product
      }
      guard size <= largestRunValue else {
        return RunValue(
          key: name, shape: entry, contents: .unreadable("it is too large, or of a type that has no size"))
      }
      let memory = try MemoryType.numpy(type, library)
      var bytes = [UInt8](repeating: 0, count: size)
      try dataset.read(start: start, count: [1] + entry, as: memory, into: &bytes, library)
      return RunValue(key: name, shape: entry, contents: .bytes(bytes, type))
    } catch {
      return RunValue(key: name, shape: [], contents: .unreadable(error.reason))
    }
  }

  /// The datasets directly under METADATA, sorted by name; for the first format its version alone, as `run_metadata()`.
  ///
  /// - Parameter number: of which file: a directory can hold files of several runs.
  public func metadata(ofFile number: Int = 0) throws(EXDFError) -> [MetadataValue] {
    let file = files[number]
    return try HDF5Library.withLock { (library) throws(EXDFError) in
      guard try file.version(filePool, library).isNested else {
        return [MetadataValue(name: "dataFormatVersion", contents: .text(FormatVersion.unversioned.text))]
      }
      return try file.read(filePool, library) { (opened, library) throws(HDF5Error) in
        var values: [MetadataValue] = []
        for name in try opened.links(in: "METADATA", library) {
          let path = "METADATA/\(name)"
          guard opened.kind(of: path, library) == .dataset else { continue }
          let dataset = try opened.dataset(path, library)
          if let text = try? dataset.strings(library).first {
            values.append(MetadataValue(name: name, contents: .text(String(decoding: text, as: UTF8.self))))
          } else if let number = try? dataset.uint64s(limit: 1, library).first {
            values.append(MetadataValue(name: name, contents: .number(Int64(truncatingIfNeeded: number))))
          }
        }
        return values
      }
    }
  }
}
