internal import ArgumentParser
internal import EXDF
internal import RunArrays
internal import Tree

/// The options about detectors, the same for every command that stacks modules.
struct DetectorArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Leave out trains in which fewer modules of a detector have data.", valueName: "n"))
  var minModules = 1
  @Option(help: ArgumentHelp("Stack only these modules, such as 0-3,7; the others are filled.", valueName: "list"))
  var modules: ModuleList?

  func validate() throws {
    guard minModules >= 1 else { throw ValidationError("--min-modules takes a positive number") }
  }

  var selection: DetectorSelection { DetectorSelection(minModules: minModules, modules: modules?.ranges) }
}

/// Numbers and ranges of numbers, separated by commas.
struct ModuleList: ExpressibleByArgument {
  var ranges: [ClosedRange<Int>] = []

  init?(argument: String) {
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Self.number($0) }
      guard let first = bounds[0], bounds.count <= 2, let last = bounds[bounds.count - 1], first <= last else {
        return nil
      }
      ranges.append(first...last)
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
  }
}

/// `KEY=VALUE`: what stands where data of a key are missing.
struct KeyFill: ExpressibleByArgument {
  var key: String
  var value: FillValue

  init?(argument: String) {
    // A key has no = in it; a value could not have one either.
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let value = FillValue(String(parts[1])) else { return nil }
    key = String(parts[0])
    self.value = value
  }

  /// By key; the last one counts.
  static func dictionary(_ fills: [KeyFill]) -> [String: FillValue] {
    Dictionary(fills.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }
}
