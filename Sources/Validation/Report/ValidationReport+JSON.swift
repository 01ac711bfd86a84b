internal import FoundationEssentials

extension ValidationReport {
  private struct JSON: Encodable {
    struct Found: Encodable {
      var message: String
      var attributes: [String: String]
    }
    var path: String
    var files: Int
    var problem_count: Int
    var problems: [Found]
  }

  /// The same, for jq.
  public var json: [UInt8] {
    let json = JSON(
      path: path, files: files, problem_count: problems.count,
      problems: problems.map { .init(message: $0.message, attributes: $0.attributes) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Strings and numbers always encode.
    guard let data = try? encoder.encode(json) else { return Array("{}\n".utf8) }
    return Array(data) + [0x0A]
  }
}
