public import ArrayIO
internal import EXDF
internal import Threads

extension RunTree {
  /// Behind the name of a file in `files/`: a name that is not listed but opens, so that a `grep -r` or a `cp -r` of the mount does
  /// not have every file validated twice.
  static let fileReportSuffix = ".validation.txt"

  /// Whether opening a node may take long: who must not be kept waiting opens it on another thread.
  public func mayWait(_ node: Node) -> Bool {
    switch node {
    case .rootFile(let file): file.isReport || tables[file].map { $0.ifDone == nil } ?? false
    case .fileReport: true
    default: false
    }
  }

  /// Whether a node can be another text the next time it is opened, and so must not be kept by anybody.
  public func mayChange(_ node: Node) -> Bool {
    switch node {
    case .rootFile(let file): file.isReport
    case .fileReport: true
    default: false
    }
  }

  /// As ``open(_:)``, given up when somebody says so.
  ///
  /// - Parameter isInterrupted: asked now and then while waiting for a report. The report is made all the same.
  /// - Throws: ``TreeError/interrupted`` among others.
  public func open(_ node: Node, isInterrupted: () -> Bool) throws(TreeError) -> any ByteSource {
    switch node {
    case .rootFile(let file) where file.isReport:
      guard let bytes = reports.bytes(file, isInterrupted) else { throw .interrupted }
      return BytesSource(bytes)
    case .rootFile(let file):
      guard let table = tables[file] else { return try open(node) }
      while true {
        if let bytes = table.value(within: 30, { self.table(file) }) { return BytesSource(bytes) }
        if isInterrupted() { throw .interrupted }
      }
    case .fileReport(let number):
      guard number < fileLinks.count else { throw .notFound(reason: nil) }
      guard let bytes = reports.bytes(ofFile: number, fileLinks[number].path, isInterrupted) else { throw .interrupted }
      return BytesSource(bytes)
    default: return try open(node)
    }
  }

  /// The size of a report that has been made; 0 until then.
  func reportSize(_ node: Node) -> Int? {
    switch node {
    case .rootFile(let file) where file.isReport: reports.size(file) ?? 0
    case .fileReport(let number):
      number < fileLinks.count ? reports.size(ofFile: number, fileLinks[number].path) ?? 0 : 0
    default: nil
    }
  }
}
