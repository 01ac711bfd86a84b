internal import FoundationEssentials
internal import HDF5

/// EXtra-data's cache of what the files of a run contain: `karabo_data_map.json` (EXDF.md 6).
///
/// Read where it is valid, never written: a mount leaves nothing in the run.
struct FilesMap {
  private struct Entry: Decodable {
    var filename: String
    var mtime: Double
    var size: Int64
    var trainIds: [UInt64]
    var controlSources: [String]
    var instrumentSources: [String]
    var legacySources: [String: String]
    var suspectTrainIndices: [Int]
  }

  private var entries: [String: Entry] = [:]

  /// An entry that lacks something must not cost the others.
  private struct Lenient: Decodable {
    var entry: Entry?
    init(from decoder: any Decoder) throws { entry = try? Entry(from: decoder) }
  }

  /// Looks for the map beside the files, and in the proposal's scratch folder; garbage is ignored.
  init(directory: String) {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    for path in Self.candidates(for: directory) {
      // A map that is no plain file is none: a pipe of that name would be waited for.
      guard RunListing.isRegularFile(path), let data = try? Data(contentsOf: URL(filePath: path)),
        let list = try? decoder.decode([Lenient].self, from: data)
      else { continue }
      for entry in list.compactMap(\.entry) { entries[entry.filename] = entry }
      return
    }
  }

  /// The map in the run first: the other one is only written where the run cannot be.
  private static func candidates(for directory: String) -> [String] {
    var paths = ["\(directory)/karabo_data_map.json"]
    let parts = directory.split(separator: "/").map(String.init)
    // .../<raw|proc|red|open>/<instrument>/<cycle>/<proposal>/<run>, and .../<instrument>/<cycle>/<proposal>/<raw>/<run>.
    guard parts.count >= 5, let run = parts.last, run.first == "r" else { return paths }
    let tail = Array(parts.suffix(5))
    let layouts = [(tail[0], tail[1], tail[2], tail[3]), (tail[3], tail[0], tail[1], tail[2])]
    for (folder, instrument, cycle, proposal) in layouts
    where proposal.first == "p" && ["raw", "proc", "red", "open"].contains(folder) {
      paths.append(
        "/gpfs/exfel/exp/\(instrument)/\(cycle)/\(proposal)/scratch/.karabo_data_maps/\(folder)_\(run).json")
    }
    return paths
  }

  /// What the map says of a file, if it was made from the file that is there now.
  func contents(of name: String, _ identity: FileIdentity) -> FileContents? {
    guard let entry = entries[name], entry.size == identity.size else { return nil }
    // Python keeps the time as a double: the nanoseconds do not all survive.
    let time = Double(identity.modificationSeconds) + Double(identity.modificationNanoseconds) * 1e-9
    guard abs(time - entry.mtime) < 1e-6 else { return nil }
    return FileContents(
      trainIDs: entry.trainIds.filter { $0 != 0 }, controlSources: entry.controlSources,
      instrumentSources: entry.instrumentSources, legacySources: entry.legacySources)
  }
}
