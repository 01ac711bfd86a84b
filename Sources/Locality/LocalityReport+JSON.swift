internal import FoundationEssentials

extension LocalityReport {
  private struct JSON: Encodable {
    struct File: Encodable {
      var path: String
      var locality: String
    }
    var path: String
    var onDisk: Int
    var onlyOnTape: Int
    var unavailable: Int
    var exitStatus: Int32
    var files: [File]

    enum CodingKeys: String, CodingKey {
      case path, unavailable, files
      case onDisk = "on_disk"
      case onlyOnTape = "only_on_tape"
      case exitStatus = "exit_status"
    }
  }

  /// The same, for jq.
  public var json: [UInt8] {
    let json = JSON(
      path: path, onDisk: counts.onDisk, onlyOnTape: counts.onTape, unavailable: counts.unavailable,
      exitStatus: exitStatus, files: files.map { .init(path: $0.path, locality: $0.locality.name) })
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Strings and numbers always encode.
    guard let data = try? encoder.encode(json) else { return Array("{}\n".utf8) }
    return Array(data) + [0x0A]
  }
}
