internal import ArgumentParser
internal import ArrayIO
internal import Glibc
internal import Locality

/// `xfelfs locality PATH`.
struct LocalityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "locality",
    abstract: "Say which files are on disk, and which on tape only; as extra-data-locality does.",
    discussion: "The status is 0, or the sum of 1 (only on tape), 2 (unavailable), 4 (unknown), 8 (no answer).")

  @Argument(help: "A directory, or one file.") var path: String
  @Option(help: ArgumentHelp("Seconds that each query may take.", valueName: "seconds"))
  var timeout: Double = Double(LocalityQuery.defaultMilliseconds) / 1000
  @Flag(help: "Print JSON.") var json = false

  mutating func validate() throws {
    guard timeout > 0, timeout <= 86_400 else { throw ValidationError("--timeout takes up to 86400 seconds") }
  }

  func run() throws {
    guard let files = LocalityReport.files(at: path) else {
      print("Path '\(path)' is not found")
      throw ExitCode(255)
    }
    // A line that is rewritten is for a terminal; a file gets its last state.
    let isLive = isatty(1) == 1 && !json
    if isLive { Output.put(LocalityReport.heading(files: files.count, path: path)) }
    var counts = LocalityReport.Counts()
    let localities = LocalityQuery(milliseconds: Int(timeout * 1000)).locate(files) { _, locality in
      counts.add(locality)
      if isLive { Output.put(counts.line + "\r") }
    }
    let report = LocalityReport(
      path: path, files: zip(files, localities).map { LocalityReport.File(path: $0, locality: $1) })
    if json {
      try Output.write(BytesSource(report.json), "locality")
    } else {
      Output.put(isLive ? "\n" + report.details : report.text)
    }
    // Not `exit`: threads may hang in queries that were given up.
    if report.exitStatus != 0 { throw ExitCode(report.exitStatus) }
  }
}
