internal import Printable

/// One thing that is wrong with a run or a file: a sentence, and what it is about.
public struct Problem: Hashable, Sendable {
  /// Word for word that of `extra-data-validate`, where that has one.
  public var message: String
  /// `file`, `dataset`, `error` and the like, printed in order of their names.
  public var attributes: [String: String]

  public init(_ message: String, _ attributes: [String: String]) {
    self.message = message
    self.attributes = attributes
  }

  /// A problem that EXtra-data does not see, or dies of: it names the check that found it, which no problem of EXtra-data's does.
  init(_ check: ValidationCheck, _ message: String, _ attributes: [String: String]) {
    self.init(message, attributes)
    self.attributes["check"] = check.rawValue
  }

  /// The order of reports: by file, then dataset, then message. EXtra-data's is a matter of chance.
  func precedes(_ other: Problem) -> Bool {
    for key in ["file", "dataset"] {
      let (own, others) = (attributes[key] ?? "", other.attributes[key] ?? "")
      if own != others { return own.utf8.lexicographicallyPrecedes(others.utf8) }
    }
    return text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }

  /// As EXtra-data prints it: the message, and below it each attribute; but a line each, whatever is in them.
  public var text: String {
    let lines = attributes.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)".printable }
    return ([message.printable] + lines).joined(separator: "\n")
  }
}
