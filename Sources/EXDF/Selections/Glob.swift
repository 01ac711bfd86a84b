/// A pattern for names, as Python's `fnmatchcase` takes it: anchored at both ends, case counts.
///
/// `*` matches anything, slashes too; `?` one character; `[xyz]` and `[a-z]` one of these, `[!x]` none of these. A `[` that is never closed
/// stands for itself.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
  public let description: String
  private let parts: [Part]

  private enum Part: Hashable, Sendable {
    case any
    case one
    case scalar(Unicode.Scalar)
    case set([ClosedRange<UInt32>], isInverted: Bool)
  }

  public init(_ text: String) {
    description = text
    let scalars = Array(text.unicodeScalars)
    var parts: [Part] = []
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "*": if parts.last != .any { parts.append(.any) }
      case "?": parts.append(.one)
      case "[":
        // The bracket that closes it is none of the first two.
        var end = index
        if end < scalars.count, scalars[end] == "!" { end += 1 }
        if end < scalars.count, scalars[end] == "]" { end += 1 }
        while end < scalars.count, scalars[end] != "]" { end += 1 }
        guard end < scalars.count else {
          parts.append(.scalar(scalar))
          continue
        }
        let isInverted = scalars[index] == "!"
        parts.append(.set(Self.ranges(scalars[(isInverted ? index + 1 : index)..<end]), isInverted: isInverted))
        index = end + 1
      default: parts.append(.scalar(scalar))
      }
    }
    self.parts = parts
  }

  /// A range that runs backwards is empty.
  private static func ranges(_ scalars: ArraySlice<Unicode.Scalar>) -> [ClosedRange<UInt32>] {
    var ranges: [ClosedRange<UInt32>] = []
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let first = scalars[index].value
      if index + 2 < scalars.endIndex, scalars[index + 1] == "-" {
        let last = scalars[index + 2].value
        if first <= last { ranges.append(first...last) }
        index += 3
      } else {
        ranges.append(first...first)
        index += 1
      }
    }
    return ranges
  }

  /// The pattern that matches one name alone.
  static func literal(_ name: String) -> String {
    String(name.map { "*?[".contains($0) ? "[\($0)]" : String($0) }.joined())
  }

  /// Whether it has none of the characters that mean something, so that it names one thing.
  public var isPlain: Bool { parts.allSatisfy { if case .scalar = $0 { true } else { false } } }

  public func matches(_ name: String) -> Bool {
    let scalars = Array(name.unicodeScalars)
    var part = 0
    var index = 0
    // Where to go on when what follows the last `*` does not fit.
    var retry: (part: Int, index: Int)?
    while index < scalars.count {
      if part < parts.count, parts[part] == .any {
        retry = (part, index)
        part += 1
      } else if part < parts.count, Self.fits(parts[part], scalars[index]) {
        part += 1
        index += 1
      } else if let last = retry {
        retry = (last.part, last.index + 1)
        part = last.part + 1
        index = last.index + 1
      } else {
        return false
      }
    }
    while part < parts.count, parts[part] == .any { part += 1 }
    return part == parts.count
  }

  private static func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
    switch part {
    case .any: false
    case .one: true
    case .scalar(let own): own == scalar
    case .set(let ranges, let isInverted): ranges.contains { $0.contains(scalar.value) } != isInverted
    }
  }
}
