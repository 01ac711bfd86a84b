internal import Threads

/// The time of one request, for the counters; and what becomes of it, for the log where that is wanted.
struct RequestWatch: Sendable {
  private let kind: Counters.Request
  private let start: ContinuousClock.Instant
  /// nil where nothing is logged.
  private let trace: (number: Int, text: String, log: @Sendable (String) -> Void)?

  init(_ operation: Operation, _ fileSystem: any FileSystem) {
    self.init(operation.kind, fileSystem) { "\(operation)" }
  }

  init(reading count: Int, at offset: Int64, _ fileSystem: any FileSystem) {
    self.init(.read, fileSystem) { "read(\(count) at \(offset))" }
  }

  private init(_ kind: Counters.Request, _ fileSystem: any FileSystem, _ text: () -> String) {
    self.kind = kind
    start = .now
    guard let log = fileSystem.requestLog else {
      trace = nil
      return
    }
    trace = (Counters.nextRequest(), text(), log)
    if let trace { log("#\(trace.number) \(trace.text)") }
  }

  func end(_ result: @autoclosure () -> String) {
    let duration = ContinuousClock.now - start
    Counters.count(kind, duration)
    if let trace { trace.log("#\(trace.number) \(result()) in \(duration)") }
  }
}
