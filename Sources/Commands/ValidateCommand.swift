internal import ArgumentParser
internal import ArrayIO
internal import Glibc
internal import Locality
internal import Printable
internal import Validation

/// `xfelfs validate PATH`.
struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check that a run, or one file, is sound; as extra-data-validate does.",
    discussion: "The status is 0 where nothing is wrong, and 1 otherwise.")

  @Argument(help: "A run directory, or one HDF5 file.") var path: String?
  @Flag(name: .shortAndLong, help: "List the checks by the names that --skip takes.") var list = false
  @Option(
    parsing: .singleValue, help: ArgumentHelp("Leave a check out; may be given several times.", valueName: "check"))
  var skip: [String] = []
  @Flag(help: "Read all data, and report what cannot be decoded.") var readData = false
  @Option(
    help: ArgumentHelp("Report sources without data in more than so many per cent of the trains.", valueName: "percent")
  )
  var missing: Double?
  @Flag(help: "Print JSON.") var json = false
  @Option(help: ArgumentHelp("Seconds that dCache has to say where a file is.", valueName: "seconds"))
  var timeout: Double = Double(LocalityQuery.defaultMilliseconds) / 1000

  mutating func validate() throws {
    guard list || path != nil else { throw ValidationError("validate needs a run or a file") }
    guard missing.map({ (0...100).contains($0) }) ?? true else { throw ValidationError("--missing takes 0 to 100") }
    guard timeout > 0, timeout <= 86_400 else { throw ValidationError("--timeout takes up to 86400 seconds") }
  }

  func run() throws {
    if list {
      print(ValidationCheck.list, terminator: "")
      return
    }
    let unknown = Set(skip).filter { ValidationCheck(rawValue: $0) == nil }
    guard unknown.isEmpty else {
      print("Unknown names passed to --skip: \(unknown.sorted().joined(separator: ", "))")
      throw ExitCode(1)
    }
    let path = path ?? ""
    var status = stat()
    let isDirectory = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    let locality = LocalityGuard(LocalityQuery(milliseconds: Int(timeout * 1000)))
    locality.prefetch(LocalityReport.files(at: path) ?? [])
    let options = ValidationOptions(
      skipped: Set(skip.compactMap(ValidationCheck.init)), readsData: readData, missingPercent: missing)
    let validator = RunValidator(options) { locality.obstacle(to: $0) }
    if !json { Output.put(ValidationReport.heading(path: path, isDirectory: isDirectory)) }
    let bar = isDirectory ? ProgressDisplay() : nil
    let report = validator.validate(path) { progress in bar?.show(progress) }
    bar?.finish()
    if json {
      try Output.write(BytesSource(report.json), "validate")
    } else {
      Output.put(report.body)
    }
    if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
  }
}

/// How far a validation has got, on stderr: a bar on a terminal, two lines per file elsewhere, as EXtra-data does it.
private struct ProgressDisplay {
  private let isTerminal = isatty(2) == 1
  private let columns: Int

  init() {
    var size = winsize()
    let isKnown = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    columns = isKnown ? Int(size.ws_col) : 80
  }

  func show(_ progress: RunValidator.Progress) {
    let start = "Progress: \(progress.done)/\(progress.total) ["
    let length = max(0, min(columns - start.utf8.count - 3, 50))
    let filled = progress.total == 0 ? length : length * progress.done / progress.total
    var lines = start + String(repeating: "#", count: filled) + String(repeating: " ", count: length - filled) + "]"
    lines += "\n\(progress.problems) problems"
    if progress.badFiles > 0 { lines += " in \(progress.badFiles) files (last: \(progress.lastBadFile.printable))" }
    // Two lines were written before; the first time these go up to what is above, as EXtra-data's do.
    Output.put(isTerminal ? "\u{1B}[2K\u{1B}[1A\u{1B}[2K\r" + lines : lines + "\n", to: 2)
  }

  func finish() {
    if isTerminal { Output.put("\n", to: 2) }
  }
}

/// The hidden command that reads files for a validation; see `ReaderProcess`.
struct ReadFilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: RunValidator.readerCommand, abstract: "Read files for another xfelfs.", shouldDisplay: false)

  @Option(parsing: .singleValue) var skip: [String] = []
  @Flag var readData = false
  @Flag var noLinks = false

  func run() throws {
    ReaderServer.run(
      ValidationOptions(
        skipped: Set(skip.compactMap(ValidationCheck.init)), readsData: readData, followsLinks: !noLinks))
  }
}
