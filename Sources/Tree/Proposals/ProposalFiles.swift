internal import EXDF
internal import HDF5
internal import Reports
internal import Threads

/// A file in the top directory of a proposal, or of a directory of runs.
protocol ProposalFile: Sendable {
  var name: String { get }
  /// Whether it needs the right to list every run, rather than the proposal.
  var needsRuns: Bool { get }
  func content(of proposal: ProposalTree) -> Content
}

/// The files of a proposal's top directory; the position is one in ``all``.
final class ProposalFiles: ProposalObject, LeafObject {
  /// In the order of the listing. A new kind of file is a type of its own, and a line here.
  static let all: [any ProposalFile] = [ProposalReadMe(), ProposalInfo(), RunsTable()]

  let identity: ObjectIdentity
  private let proposal: ProposalTree

  init(_ identity: ObjectIdentity, _ proposal: ProposalTree) {
    self.identity = identity
    self.proposal = proposal
  }

  func isNode(at position: Int) -> Bool { position < Self.all.count }
  func modified(at position: Int) -> Time { proposal.modified }
  func status(at position: Int) -> DirectoryStatus? { proposal.status }

  func directories(at position: Int) throws(TreeError) -> [String] {
    guard isNode(at: position), Self.all[position].needsRuns else { return [proposal.path] }
    guard Request.current.mayWait else { throw .mustWait }
    return [proposal.path] + proposal.runDirectories().map(\.path)
  }

  func content(at position: Int) -> Content { Self.all[position].content(of: proposal) }
}

/// `README.txt`: the tree explained, with lines to paste.
struct ProposalReadMe: ProposalFile {
  let name = "README.txt"
  let needsRuns = false

  func content(of proposal: ProposalTree) -> Content {
    proposal.generated.background { () throws(ReadError) in ProposalReports.readMe(for: proposal.runFolders()) }
  }
}

/// `info.txt`: each run in one line, as `lsxfel` has it.
struct ProposalInfo: ProposalFile {
  let name = "info.txt"
  let needsRuns = true

  func content(of proposal: ProposalTree) -> Content {
    proposal.generated.volatile(
      RunsReport(proposal) { proposal in
        ProposalReports.info(of: proposal.path, folders: proposal.runFolders(), proposal.summarize)
      })
  }
}

/// `runs.csv`: what the directories say of each run; no file is opened.
struct RunsTable: ProposalFile {
  let name = "runs.csv"
  let needsRuns = true

  func content(of proposal: ProposalTree) -> Content {
    proposal.generated.volatile(RunsReport(proposal) { ProposalReports.runs(in: $0.runFolders()) })
  }
}

/// A text about the runs that there are: made when it is opened, and again when a directory has changed.
private struct RunsReport: VolatileFile {
  private let report: BackgroundReport<[RunDirectoryState]>

  init(_ proposal: ProposalTree, _ make: @escaping @Sendable (ProposalTree) -> [UInt8]) {
    report = BackgroundReport(
      subject: { proposal.runDirectories() }, make: { ReportTexts(text: make(proposal), json: []) })
  }

  var latestSize: Int? { report.latestTexts?.text.count }
  func bytes(_ isInterrupted: () -> Bool) -> [UInt8]? { report.texts(isInterrupted)?.text }
}

/// A run directory, and when something in it has come or gone.
struct RunDirectoryState: Hashable, Sendable {
  var path: String
  var status: DirectoryStatus
}
