internal import FoundationEssentials
internal import Glibc

/// `karabo_data_map.json` as EXtra-data's validator takes it: the newest of those that are there, and of it the entries of files
/// that have not changed since.
struct FilesMapEntries {
  struct Entry: Decodable {
    var filename: String
    var mtime: Double
    var size: Int64
    var trainIDs: [UInt64]
    var controlSources: [String]
    var instrumentSources: [String]

    enum CodingKeys: String, CodingKey {
      case filename, mtime, size
      case trainIDs = "train_ids"
      case controlSources = "control_sources"
      case instrumentSources = "instrument_sources"
      case legacySources = "legacy_sources"
      case suspectTrains = "suspect_train_indices"
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      filename = try values.decode(String.self, forKey: .filename)
      mtime = try values.decode(Double.self, forKey: .mtime)
      size = try values.decode(Int64.self, forKey: .size)
      trainIDs = try values.decode([UInt64].self, forKey: .trainIDs)
      controlSources = try values.decode([String].self, forKey: .controlSources)
      instrumentSources = try values.decode([String].self, forKey: .instrumentSources)
      // Entries of older versions lack these, and are not used.
      guard values.contains(.legacySources), values.contains(.suspectTrains) else {
        throw DecodingError.keyNotFound(
          CodingKeys.legacySources, .init(codingPath: [], debugDescription: "an entry of an old version"))
      }
    }
  }

  /// One entry that is wrong must not cost the others.
  private struct Lenient: Decodable {
    var entry: Entry?
    init(from decoder: any Decoder) throws { entry = try? Entry(from: decoder) }
  }

  /// The map that was read; empty where there is none.
  private(set) var path = ""
  private var entries: [String: Entry] = [:]

  /// - Parameter directory: of the run, as the user has named it.
  init(directory: String) {
    for candidate in Self.candidates(for: directory) {
      guard let data = try? Data(contentsOf: URL(filePath: candidate)),
        let list = try? JSONDecoder().decode([Lenient].self, from: data)
      else { continue }
      path = candidate
      for entry in list.compactMap(\.entry) { entries[entry.filename] = entry }
      return
    }
  }

  /// By age, the newest first.
  private static func candidates(for directory: String) -> [String] {
    var paths = [AbsolutePath.join(directory, "karabo_data_map.json")]
    if let resolved = realpath(directory, nil) {
      let parts = String(cString: resolved).split(separator: "/").map(String.init)
      free(resolved)
      if parts.count >= 5, let run = parts.last, run.first == "r" {
        let tail = Array(parts.suffix(5))
        for (folder, instrument, cycle, proposal) in [
          (tail[0], tail[1], tail[2], tail[3]), (tail[3], tail[0], tail[1], tail[2]),
        ]
        where proposal.first == "p" && ["raw", "proc", "red", "open"].contains(folder) {
          paths.append(
            "/gpfs/exfel/exp/\(instrument)/\(cycle)/\(proposal)/scratch/.karabo_data_maps/\(folder)_\(run).json")
        }
      }
    }
    let dated = paths.compactMap { path -> (String, Int, Int)? in
      var status = stat()
      return stat(path, &status) == 0 ? (path, status.st_mtim.tv_sec, status.st_mtim.tv_nsec) : nil
    }
    return dated.sorted { ($0.1, $0.2) > ($1.1, $1.2) }.map(\.0)
  }

  /// The entry of a file, if it was made from the file that is there now.
  func entry(for file: String) -> Entry? {
    let name = file.split(separator: "/").last.map(String.init) ?? ""
    guard let entry = entries[name] else { return nil }
    var status = stat()
    guard stat(file, &status) == 0, Int64(status.st_size) == entry.size else { return nil }
    // Python's own way to its double: the comparison is for equality.
    let time = Double(status.st_mtim.tv_sec) + 1e-9 * Double(status.st_mtim.tv_nsec)
    return abs(time - entry.mtime) < 1e-6 ? entry : nil
  }
}
