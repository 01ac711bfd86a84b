internal import FoundationEssentials

extension ValidationReport {
  private struct JSON: Encodable {
    struct Found: Encodable {
      var message: String
      var attributes: [String: String]
    }
    var path: String
    var files: Int
    var problemCount: Int
    var problems: [Found]

    enum CodingKeys: String, CodingKey {
      case path, files, problems
      case problemCount = "problem_count"
    }
  }

  /// The same, for jq.
  public var json: [UInt8] {
    let json = JSON(
      path: path, files: files, problemCount: problems.count,
      problems: problems.map { .init(message: $0.message, attributes: $0.attributes) })
    let encoder = JSONEncoder()
    // Names of fields only: the keys of dictionaries are data, and stay.
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Strings and numbers always encode.
    guard let data = try? encoder.encode(json) else { return Array("{}\n".utf8) }
    return Array(data) + [0x0A]
  }
}
