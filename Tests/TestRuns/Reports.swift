internal import Synchronization

/// Sentences that the code under test reports.
public final class ReportList: Sendable {
  private let lines = Mutex<[String]>([])

  public init() {}

  public var all: [String] { lines.withLock { $0 } }

  public func append(_ line: String) { lines.withLock { $0.append(line) } }

  public func contain(_ text: String) -> Bool { all.contains { $0.contains(text) } }
}
