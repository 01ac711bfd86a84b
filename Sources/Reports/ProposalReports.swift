public import EXDF

/// The texts at the top of a proposal, or of a directory of runs.
public enum ProposalReports {
  /// A folder of runs: its name (empty for runs at the top), and the directories in it by name.
  public typealias Folder = (name: String, runs: [(name: String, path: String)])

  /// `runs.csv`: what the directories say of each run; no file is opened. A run whose directory cannot be read has empty fields.
  public static func runs(in folders: [Folder]) -> [UInt8] {
    var csv = CSV(header: ["run", "data", "files", "bytes", "modified"])
    for folder in folders {
      for run in folder.runs {
        csv.field(run.name)
        csv.field(folder.name)
        if let summary = RunDirectorySummary(directory: run.path) {
          csv.field(number: summary.files)
          csv.field(number: summary.bytes)
          let nanoseconds = UInt64(clamping: summary.modificationSeconds) * 1_000_000_000
          csv.field(Timestamp.text(nanoseconds + UInt64(clamping: summary.modificationNanoseconds)))
        } else {
          for _ in 0..<3 { csv.field("") }
        }
        csv.endLine()
      }
    }
    return csv.bytes
  }

  /// `info.txt`: as `lsxfel` prints a proposal, of each folder that has runs.
  ///
  /// - Parameter summary: of a run directory, or why there is none.
  public static func info(
    of path: String, folders: [Folder], _ summary: (String) -> Result<RunSummary, EXDFError>
  ) -> [UInt8] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let hasFolders = !(folders.count == 1 && folders[0].name.isEmpty)
    var text = Text()
    text.append(line: "\(name) : \(hasFolders ? "Proposal directory" : "Proposal data directory")")
    text.append(line: "")
    for (number, folder) in folders.enumerated() {
      if hasFolders {
        if number > 0 { text.append(line: "") }
        text.append(line: "\(name)/\(folder.name)/")
      }
      for run in folder.runs { text.append(line: "  \(run.name) : \(line(summary(run.path)))") }
    }
    return text.bytes
  }

  /// One line about a run.
  public static func line(_ summary: Result<RunSummary, EXDFError>) -> String {
    switch summary {
    case .success(let run):
      "Run of \(padded(run.trains, 4)) trains, with \(padded(run.detectorFiles, 3)) detector files and "
        + "\(padded(run.otherFiles, 3)) others"
    case .failure(let error): "\(error)"
    }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = "\(number)"
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
  }

  /// `README.txt`, with a run that there is in the lines to paste.
  public static func readMe(for folders: [Folder]) -> [UInt8] {
    let hasFolders = !(folders.count == 1 && folders[0].name.isEmpty)
    let folder = folders.first { $0.name == "raw" } ?? folders.first { !$0.runs.isEmpty }
    let name = folder?.runs.first?.name ?? "r0042"
    let run = folder.map { $0.name.isEmpty ? name : "\($0.name)/\(name)" } ?? "raw/\(name)"
    let folders =
      hasFolders
      ? """
        raw/r0042/ proc/r0042/ ...   a run's tree each: opened when something in it is asked for
        all/r0042/                   raw and proc together: whole sources of proc take the place of raw ones
        raw/r0042+r0043/             not listed but opens: the union of runs
      """
      : """
        r0042/ ...                   a run's tree each: opened when something in it is asked for
        r0042+r0043/                 not listed but opens: the union of runs
      """
    return Array(
      """
      These are runs of the European XFEL as directory trees. Everything in them is made on demand from HDF5 files;
      nothing is converted or copied, and nothing can be changed.

        info.txt                     one line about each run, as lsxfel has it; made when it is opened
        runs.csv                     run,data,files,bytes,modified: what the directories say, no file is opened
      \(folders)
      Paste these in the mount point.

      Shell
        cat runs.csv
        cat \(run)/info.txt
        grep -l XGM \(hasFolders ? "raw/*" : "r*")/sources.csv

      Python
        import numpy as np
        a = np.load("\(run)/train_ids.npy")

      """.utf8)
  }
}
