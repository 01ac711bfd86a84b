/// A kind of multi-module detector: what has to be known to find one in a run and to stack its modules.
///
/// The facts are EXtra-data's (1.25, `components.py`; EXDF.md 4.1). The next detector is one more element of ``all``.
public struct DetectorType: Hashable, Sendable {
  /// As EXtra-data's class is called.
  public var name: String
  /// nil: the largest module number in the run.
  public var moduleCount: Int?
  /// Slow scan, fast scan.
  public var moduleShape: [Int]
  /// The number of the first module, as source names count.
  public var firstModule = 0
  var detectorName: DetectorNamePattern
  var module = ModulePattern(prefixes: [""], suffix: "CH")
  /// The key that says which trains, and how many entries in each, a module recorded.
  public var mainKey = "image.data"
  public var maskKey = "image.mask"
  /// nil: an entry is a whole train, with the frames as cells along its first axis.
  public var pulseKey: String? = "image.pulseId"
  public var cellKey = "image.cellId"
  /// Raw data are told by their extra axis; else they are integers, and corrected data are not.
  var rawHasExtraAxis = false

  /// Whether an entry is a train of several frames (JUNGFRAU) rather than one frame.
  public var hasCells: Bool { pulseKey == nil }
  /// The index group whose keys are stacked.
  public var group: String { String(mainKey.prefix { $0 != "." }) }

  /// The types that there are, in EXtra-data's order.
  public static let all = [
    DetectorType(
      name: "AGIPD1M", moduleCount: 16, moduleShape: [512, 128], detectorName: .contains("_AGIPD1M"),
      rawHasExtraAxis: true),
    DetectorType(
      name: "AGIPD500K", moduleCount: 8, moduleShape: [512, 128], detectorName: .contains("AGIPD500K"),
      rawHasExtraAxis: true),
    DetectorType(name: "DSSC1M", moduleCount: 16, moduleShape: [128, 512], detectorName: .contains("_DSSC1M")),
    DetectorType(name: "LPD1M", moduleCount: 16, moduleShape: [256, 256], detectorName: .contains("_LPD1M")),
    DetectorType(name: "LPDSolo", moduleCount: 1, moduleShape: [256, 256], detectorName: .contains("_LPD_SOLO")),
    DetectorType(
      name: "JUNGFRAU", moduleCount: nil, moduleShape: [512, 1024], firstModule: 1,
      detectorName: .endsIn(["_JNGFR", "_JF1M", "_JF4M", "_JUNGF", "_JF", "_JF500K"], optionalDigitAfter: "_JF500K"),
      module: ModulePattern(prefixes: ["MODULE_", "RECEIVER-", "JNGFR"], suffix: ""),
      mainKey: "data.adc", maskKey: "data.mask", pulseKey: nil, cellKey: "data.memoryCell"),
  ]
}

/// What a source name says when it is a detector module's.
struct ModuleName: Hashable {
  var detector: String
  var isCorrected: Bool
  var number: Int
}

extension DetectorType {
  /// As `re.match` of `<detector>/DET/<module>` or `<detector>/CORR/<module>`: what follows the module is free.
  func module(in source: String) -> ModuleName? {
    let parts = source.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    // No pattern of a detector's name allows a slash, so the name is the first part.
    guard parts.count == 3, parts[1] == "DET" || parts[1] == "CORR", detectorName.matches(parts[0]),
      let number = module.number(in: parts[2])
    else { return nil }
    return ModuleName(detector: String(parts[0]), isCorrected: parts[1] == "CORR", number: number)
  }
}

/// The shapes that EXtra-data's expressions for detector names have.
enum DetectorNamePattern: Hashable, Sendable {
  /// `[^/]+<text>[^/]*`
  case contains(String)
  /// `[^/]+(<ending>|...)`, and one digit may follow one of them.
  case endsIn([String], optionalDigitAfter: String)

  func matches(_ name: Substring) -> Bool {
    switch self {
    case .contains(let text):
      // At least one character stands before it.
      let rest = name.utf8.dropFirst()
      return rest.indices.contains { rest[$0...].starts(with: text.utf8) }
    case .endsIn(let endings, let withDigit):
      if endings.contains(where: { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }) { return true }
      guard let last = name.last, last.isASCII, last.isNumber else { return false }
      let stem = name.dropLast()
      return stem.hasSuffix(withDigit) && stem.utf8.count > withDigit.utf8.count
    }
  }
}

/// `(<prefix>|...)(\d+)<suffix>` at the start of the rest of a source name.
struct ModulePattern: Hashable, Sendable {
  var prefixes: [String]
  var suffix: String

  /// - Returns: nil where it does not match, or the number is nobody's.
  func number(in text: Substring) -> Int? {
    for prefix in prefixes where text.hasPrefix(prefix) {
      let rest = text.dropFirst(prefix.count)
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, rest.dropFirst(digits.count).hasPrefix(suffix) else { continue }
      return Int(digits)
    }
    return nil
  }
}
