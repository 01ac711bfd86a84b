public import EXDF
internal import FoundationEssentials
public import HDF5

/// `info.txt` and `info.json`: what `run.info()` prints, for people and for jq.
public struct RunOverview: Sendable {
  private let run: Run
  private let detectors: [XTDFDetector]

  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public init(of run: Run) throws(ReadError) {
    self.run = run
    detectors = try run.xtdfDetectors()
  }

  private var ordinarySources: [Source] {
    run.sources.filter { source in
      source.kind == .instrument && source.legacyTarget == nil && Run.moduleName(of: source.name) == nil
    }
  }

  private var controlSources: [Source] { run.sources.filter { $0.kind == .control } }

  private var legacySources: [(name: String, target: String)] {
    run.sources.compactMap { source in source.legacyTarget.map { (source.name, $0) } }
  }

  /// Frames in each train with any, as EXtra-data picks one where they differ.
  private func framesPerTrain(_ detector: XTDFDetector) -> UInt64 {
    PythonSet.pop(Set(detector.frameCounts).sorted()) ?? 0
  }

  /// As `run.info(group_sources=False)` prints it (EXtra-data 1.25, `display.py`), without blanks at the ends of lines.
  public var text: [UInt8] {
    var text = Text()
    appendTrains(to: &text)
    for detector in detectors { append(detector, to: &text) }
    append(ordinarySources, title: "instrument sources (excluding XTDF detectors):", to: &text)
    append(controlSources, title: "control sources:", to: &text)
    appendLegacySources(to: &text)
    appendSkippedFiles(to: &text)
    return text.bytes
  }

  private func appendTrains(to text: inout Text) {
    let first = run.trainIDs.first.map(String.init) ?? "-"
    let last = run.trainIDs.last.map(String.init) ?? "-"
    text.append(line: "# of trains:    \(run.trainIDs.count)")
    text.append(line: "Duration:       \(duration)")
    text.append(line: "First train ID: \(first)")
    text.append(line: "Last train ID:  \(last)")
    text.append(line: "")
  }

  /// From the first train id to the last, a tenth of a second each; the ids may be wild, and the subtraction then wraps as
  /// numpy's does.
  private var deciseconds: UInt64? {
    guard let first = run.trainIDs.first, let last = run.trainIDs.last else { return nil }
    return last &- first &+ 1
  }

  private var duration: String {
    guard let deciseconds else { return "0.0" }
    let seconds = deciseconds / 10
    // Python's timedelta ends at 999999999 days.
    guard seconds / 86_400 <= 999_999_999 else {
      return "OverflowError (one or more train IDs are probably wrong)"
    }
    func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let days = seconds / 86_400
    let prefix = days == 0 ? "" : "\(days) day\(days == 1 ? "" : "s"), "
    return "\(prefix)\(seconds / 3600 % 24):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(deciseconds % 10)"
  }

  private func append(_ detector: XTDFDetector, to text: inout Text) {
    guard let first = detector.modules.first else { return }
    let frames = framesPerTrain(detector)
    let total = frames.multipliedReportingOverflow(by: UInt64(run.trainIDs.count)).partialValue
    let pixels = detector.pixels.map(String.init).joined(separator: " x ")
    text.append(line: "\(detector.modules.count) XTDF detector modules of \(detector.name)/*")
    // EXtra-data joins the digits of the module number with blanks: module 10 is "1 0".
    text.append(line: "  e.g. module \(first.number.map(String.init).joined(separator: " ")) : \(pixels) pixels")
    text.append(line: "  \(first.source.name)")
    text.append(line: "  \(frames) frames per train, up to \(total) frames total")
    text.append(line: "")
  }

  private func append(_ sources: [Source], title: String, to text: inout Text) {
    text.append(line: "\(sources.count) \(title)")
    for source in sources { text.append(line: "  - \(source.name)") }
    text.append(line: "")
  }

  private func appendLegacySources(to text: inout Text) {
    let legacy = legacySources
    guard !legacy.isEmpty else { return }
    text.append(line: "\(legacy.count) legacy source names:")
    var modules: [(detector: String, target: String, count: Int)] = []
    for (name, target) in legacy {
      guard let detector = Run.moduleName(of: name)?.detector else {
        text.append(line: " - \(name) -> \(target)")
        continue
      }
      if let index = modules.firstIndex(where: { $0.detector == detector }) {
        modules[index].count += 1
      } else {
        modules.append((detector, Run.moduleName(of: target)?.detector ?? target, 1))
      }
    }
    for (detector, target, count) in modules { text.append(line: " - \(detector)/* -> \(target)/* (\(count))") }
    text.append(line: "")
  }

  /// What EXtra-data says on stderr when it opens the run.
  private func appendSkippedFiles(to text: inout Text) {
    guard !run.skippedFiles.isEmpty else { return }
    text.append(line: "\(run.skippedFiles.count) file\(run.skippedFiles.count == 1 ? "" : "s") left out:")
    for file in run.skippedFiles { text.append(line: "  - \(file.name): \(file.reason)") }
    text.append(line: "")
  }

  private struct JSON: Encodable {
    struct Detector: Encodable {
      var name: String
      var modules: [String: String]
      var moduleShape: [Int]
      var framesPerTrain: UInt64
      var totalFrames: UInt64
    }
    struct Skipped: Encodable {
      var name: String
      var reason: String
    }
    enum Value: Encodable {
      case text(String)
      case number(Int64)
      func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        }
      }
    }
    var path: String
    var trains: Int
    var firstTrainId: UInt64?
    var lastTrainId: UInt64?
    var durationSeconds: Double
    var xtdfDetectors: [Detector]
    var instrumentSources: [String]
    var controlSources: [String]
    var legacySources: [String: String]
    var files: [String]
    var skippedFiles: [Skipped]
    var metadata: [String: Value]
  }

  /// The same facts and the run's METADATA.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func json() throws(ReadError) -> [UInt8] {
    let read = try ReadError.unlessDamaged { () throws(ReadError) in try run.metadata() }
    let metadata = (read ?? []).map { value -> (String, JSON.Value) in
      switch value.contents {
      case .text(let text): (value.name, .text(text))
      case .number(let number): (value.name, .number(number))
      }
    }
    let json = JSON(
      path: run.path, trains: run.trainIDs.count, firstTrainId: run.trainIDs.first,
      lastTrainId: run.trainIDs.last, durationSeconds: Double(deciseconds ?? 0) / 10,
      xtdfDetectors: detectors.map { detector in
        JSON.Detector(
          name: detector.name,
          modules: Dictionary(detector.modules.map { ($0.number, $0.source.name) }, uniquingKeysWith: { $1 }),
          moduleShape: detector.pixels, framesPerTrain: framesPerTrain(detector),
          totalFrames: framesPerTrain(detector).multipliedReportingOverflow(by: UInt64(run.trainIDs.count))
            .partialValue)
      },
      instrumentSources: run.sources.filter { $0.kind == .instrument && $0.legacyTarget == nil }.map(\.name),
      controlSources: controlSources.map(\.name),
      legacySources: Dictionary(legacySources.map { ($0.name, $0.target) }, uniquingKeysWith: { $1 }),
      files: run.files.map(\.name), skippedFiles: run.skippedFiles.map { .init(name: $0.name, reason: $0.reason) },
      metadata: Dictionary(metadata, uniquingKeysWith: { $1 }))
    return JSONText.encode(json)
  }
}

enum JSONText {
  /// Indented, keys sorted, with a newline at the end.
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    // Only the names of fields: the keys of dictionaries are data, and stay.
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Only strings, integers, finite numbers, arrays and dictionaries come here: they always encode.
    guard let data = try? encoder.encode(value) else { return Array("{}\n".utf8) }
    return Array(data) + [0x0A]
  }
}
