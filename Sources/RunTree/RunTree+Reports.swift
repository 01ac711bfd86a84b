internal import EXDF
internal import Threads

// validation.txt, locality.txt and their like: made when they are opened, and again when what they are about has changed.

extension RunTree {
  /// Behind the name of a file in `files/`: a name that is not listed but opens, so that a `grep -r` or a `cp -r` of the mount does
  /// not have every file validated twice.
  static let fileReportSuffix = ".validation.txt"

  /// Whether a node can be another text the next time it is opened, and so must not be kept by anybody.
  public func mayChange(_ node: Node) -> Bool {
    switch node {
    case .rootFile(let file): file.isReport
    case .fileReport: true
    default: false
    }
  }

  /// A report, waited for; nil for what is none. The report is made all the same where the waiting is interrupted.
  func report(_ node: Node) throws(TreeError) -> [UInt8]? {
    guard mayChange(node) else { return nil }
    let request = Request.current
    // Whether it is there and still true is known only by looking at the files.
    guard request.mayWait else { throw .mustWait }
    let bytes: [UInt8]?
    switch node {
    case .rootFile(let file): bytes = reports.bytes(file, request.isInterrupted)
    case .fileReport(let number):
      guard number < fileLinks.count else { throw .notFound(reason: nil) }
      bytes = reports.bytes(ofFile: number, fileLinks[number].path, request.isInterrupted)
    default: return nil
    }
    guard let bytes else { throw .interrupted }
    return bytes
  }

  /// The size of a report that has been made; 0 until then, and nil for what is no report.
  func reportSize(_ node: Node) -> Int? {
    switch node {
    case .rootFile(let file) where file.isReport: reports.size(file) ?? 0
    case .fileReport(let number):
      number < fileLinks.count ? reports.size(ofFile: number, fileLinks[number].path) ?? 0 : 0
    default: nil
    }
  }
}
