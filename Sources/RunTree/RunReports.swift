internal import EXDF
internal import Glibc
internal import HDF5
internal import Locality
internal import Synchronization
internal import Validation

/// `validation.txt` and `locality.txt`, their `.json`, and a validation of each file of the run: whatever has to look at the files
/// themselves, as they are now, and may have to wait for them.
final class RunReports: Sendable {
  private let run: Run
  private let validator: RunValidator
  private let damage: KnownDamage
  private let validation: BackgroundReport<RunState>
  private let locality: BackgroundReport<LocalityState>
  private let files = Mutex<[Int: BackgroundReport<FileState>]>([:])

  /// Where files are is nothing that `stat` tells, and they move within hours.
  private static let localityMinutes = 10

  /// What a validation of the run is about: its files, and the map that is checked against them.
  private struct RunState: Hashable {
    var names: [String]
    var identities: [FileIdentity?]
    var damage: [HDF5Error]
  }
  private struct FileState: Hashable {
    var identity: FileIdentity?
    var damage: [HDF5Error]
  }
  private struct LocalityState: Hashable {
    var names: [String]
    var time: Int
  }

  init(_ run: Run, _ validator: RunValidator, _ query: LocalityQuery, _ damage: KnownDamage) {
    self.run = run
    self.damage = damage
    self.validator = validator
    let path = run.path
    validation = BackgroundReport(
      subject: {
        let files = LocalityReport.files(at: path) ?? []
        let relevant = files.filter { $0.hasSuffix(".h5") || $0.hasSuffix("/karabo_data_map.json") }
        return RunState(names: relevant, identities: relevant.map(FileIdentity.init(path:)), damage: damage.all)
      },
      make: { Self.validation(of: path, validator, damage.all) })
    locality = BackgroundReport(
      subject: {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return LocalityState(
          names: LocalityReport.files(at: path) ?? [], time: now.tv_sec / (60 * Self.localityMinutes))
      },
      make: {
        let report = LocalityReport(path: path, query) ?? LocalityReport(path: path, files: [])
        return ReportTexts(text: Array(report.text.utf8), json: report.json)
      })
  }

  private static func validation(of path: String, _ validator: RunValidator, _ damage: [HDF5Error]) -> ReportTexts {
    var report = validator.validate(path)
    report.add(damage: damage.map { ($0.file, $0.object, $0.reason) })
    return ReportTexts(text: Array(report.text.utf8), json: report.json, mayPass: report.mayPass)
  }

  /// The size of a report that has been made; nil otherwise. Never waits.
  func size(_ file: RootFile) -> Int? {
    switch file {
    case .validationText: validation.latestTexts?.text.count
    case .validationJSON: validation.latestTexts?.json.count
    case .localityText: locality.latestTexts?.text.count
    case .localityJSON: locality.latestTexts?.json.count
    default: nil
    }
  }

  /// A report; nil when interrupted.
  func bytes(_ file: RootFile, _ isInterrupted: () -> Bool) -> [UInt8]? {
    switch file {
    case .validationText: validation.texts(isInterrupted)?.text
    case .validationJSON: validation.texts(isInterrupted)?.json
    case .localityText: locality.texts(isInterrupted)?.text
    case .localityJSON: locality.texts(isInterrupted)?.json
    default: []
    }
  }

  /// The report of one file, by its number among the links in `files/`.
  private func report(_ number: Int, _ path: String) -> BackgroundReport<FileState> {
    files.withLock { files in
      if let known = files[number] { return known }
      let (validator, damage) = (validator, damage)
      let report = BackgroundReport<FileState>(
        subject: { FileState(identity: FileIdentity(path: path), damage: damage.all.filter { $0.file == path }) },
        make: { Self.validation(of: path, validator, damage.all.filter { $0.file == path }) })
      files[number] = report
      return report
    }
  }

  func size(ofFile number: Int, _ path: String) -> Int? { report(number, path).latestTexts?.text.count }

  func bytes(ofFile number: Int, _ path: String, _ isInterrupted: () -> Bool) -> [UInt8]? {
    report(number, path).texts(isInterrupted)?.text
  }
}

extension RootFile {
  /// Whether it is made by ``RunReports``.
  var isReport: Bool {
    switch self {
    case .validationText, .validationJSON, .localityText, .localityJSON: true
    default: false
    }
  }
}
