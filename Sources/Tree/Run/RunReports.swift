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

  var validationText: any VolatileFile { ReportFile(report: validation, text: \.text) }
  var validationJSON: any VolatileFile { ReportFile(report: validation, text: \.json) }
  var localityText: any VolatileFile { ReportFile(report: locality, text: \.text) }
  var localityJSON: any VolatileFile { ReportFile(report: locality, text: \.json) }

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

  /// The validation of one file, by its number among the links in `files/`.
  func validation(ofFile number: Int, _ path: String) -> any VolatileFile {
    ReportFile(report: report(number, path), text: \.text)
  }
}

/// One of the texts of a report.
private struct ReportFile<Subject: Equatable & Sendable>: VolatileFile {
  let report: BackgroundReport<Subject>
  let text: @Sendable (ReportTexts) -> [UInt8]

  init(report: BackgroundReport<Subject>, text: any KeyPath<ReportTexts, [UInt8]> & Sendable) {
    self.report = report
    self.text = { $0[keyPath: text] }
  }

  var latestSize: Int? { report.latestTexts.map { text($0).count } }

  func bytes(_ isInterrupted: () -> Bool) -> [UInt8]? { report.texts(isInterrupted).map(text) }
}
