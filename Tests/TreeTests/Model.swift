import RawHDF5
import TestRuns

/// What the arrays of a made run are, worked out the plain way: train by train, from what was written and TREE.md alone.
struct Model {
  struct Array {
    var descriptor: String
    var entryShape: [Int]
    /// Bytes of one entry.
    var entrySize: Int
    /// By train, in order; only trains with data.
    var trains: [(id: UInt64, entries: Int, bytes: [UInt8])] = []
    /// Whether npy has a word for it.
    var isOffered = true
  }
  struct Source {
    var isControl: Bool
    /// By key; every key there is.
    var arrays: [String: Array] = [:]
    /// Entries of each train of the run, by index group.
    var groups: Set<String> = []
  }

  var trains: [UInt64]
  var sources: [String: Source] = [:]
  var legacy: [String: String] = [:]

  init(_ files: [MadeFile]) {
    trains = Set(files.flatMap(\.trainIDs)).subtracting([0]).sorted()
    let files = files.sorted { $0.name < $1.name }
    for file in files {
      for (old, target) in file.legacy { legacy[old] = target }
      for source in file.sources {
        var known = sources[source.name] ?? Source(isControl: source.isControl)
        for group in source.groups {
          known.groups.insert(group.name)
          for key in group.keys {
            let name = key.path.split(separator: "/").joined(separator: ".")
            if known.arrays[name] == nil { known.arrays[name] = Self.array(key, in: files, source.name) }
          }
        }
        sources[source.name] = known
      }
    }
  }

  private static func array(_ key: MadeKey, in files: [MadeFile], _ source: String) -> Array {
    // The keys of that path in all files, each with its index.
    let all = files.flatMap { file in
      file.sources.filter { $0.name == source }.flatMap(\.groups).flatMap { group in
        group.keys.filter { $0.path == key.path }.map { (file: file, group: group, key: $0) }
      }
    }
    let texts = all.flatMap { part in
      // What the index does not mention does not make the key longer.
      let rows = Int(part.group.counts.reduce(0, +))
      if case .strings(let strings) = part.key.values { return strings.prefix(rows) } else { return [] }
    }
    let longest = texts.map(\.utf8.count).max() ?? 1
    let (descriptor, size) = key.type.numpy(longest: longest)
    var array = Array(
      descriptor: descriptor ?? "", entryShape: Swift.Array(key.shape.dropFirst()),
      entrySize: key.shape.dropFirst().reduce(size, *), isOffered: descriptor != nil)
    var found: [UInt64: (Int, [UInt8])] = [:]
    var seen: Set<UInt64> = []
    for (file, group, key) in all {
      // The first file that has a train counts, also where its index says that there is nothing, or nonsense.
      for (row, train) in file.trainIDs.enumerated() where train != 0 && seen.insert(train).inserted {
        let (first, count) = (Int(group.firsts[row]), Int(group.counts[row]))
        guard count > 0, first + count <= key.shape[0] else { continue }
        found[train] = (count, key.bytes(first..<(first + count), size: array.entrySize, longest: longest))
      }
    }
    array.trains = found.keys.sorted().map { ($0, found[$0]!.0, found[$0]!.1) }
    return array
  }
}

extension Model.Array {
  var entries: Int { trains.reduce(0) { $0 + $1.entries } }

  /// The whole of it as a `.npy` file.
  var file: [UInt8] { npy(descriptor, [entries] + entryShape, trains.flatMap(\.bytes)) }

  /// One train as a `.npy` file: a single entry has no first axis.
  func file(of train: (id: UInt64, entries: Int, bytes: [UInt8])) -> [UInt8] {
    npy(descriptor, train.entries == 1 ? entryShape : [train.entries] + entryShape, train.bytes)
  }

  var trainIDs: [UInt8] {
    npy("<u8", [entries], trains.flatMap { train in Swift.Array(repeating: train.id, count: train.entries) }.rawBytes)
  }
}

/// A `.npy` file of version 1.0, put together by hand.
func npy(_ descriptor: String, _ shape: [Int], _ data: [UInt8]) -> [UInt8] {
  let tuple = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
  let quoted = descriptor.hasPrefix("[") ? descriptor : "'\(descriptor)'"
  var text = Array("{'descr': \(quoted), 'fortran_order': False, 'shape': \(tuple), }".utf8)
  while (10 + text.count + 1) % 64 != 0 { text.append(0x20) }
  text.append(0x0A)
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count % 256), UInt8(text.count / 256)] + text + data
}

extension RawType {
  /// numpy's name and the bytes of an element; no name where npy has none.
  func numpy(longest: Int) -> (String?, Int) {
    switch self {
    case .integer(let size, let signed, let big, _):
      return ("\(size == 1 ? "|" : big ? ">" : "<")\(signed ? "i" : "u")\(size)", size)
    case .float(let size, let big): return ("\(big ? ">" : "<")f\(size)", size)
    case .variableString: return ("|S\(longest)", longest)
    case .enumeration: return ("|b1", 1)
    // The one structure of the small run.
    case .compound(let size, _): return ("[('x', '|u1'), ('', '|V3'), ('y', '<f4')]", size)
    default: return (nil, 1)
    }
  }
}

extension MadeKey {
  /// Rows as they are in an array.
  func bytes(_ rows: Range<Int>, size: Int, longest: Int) -> [UInt8] {
    switch values {
    case .bytes(let bytes): return Array(bytes[(rows.lowerBound * size)..<(rows.upperBound * size)])
    case .strings(let strings):
      return strings[rows].flatMap { Array($0.utf8) + Array(repeating: 0, count: longest - $0.utf8.count) }
    case .none: return Array(repeating: 0, count: rows.count * size)
    }
  }
}
