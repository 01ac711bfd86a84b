internal import Glibc
internal import Logging
internal import Printable
internal import Synchronization

/// Where log lines go: to stderr until a daemon is in the background, then to a file or to syslog.
final class LogSink: Sendable {
  enum Destination: Sendable {
    case standardError
    case file(descriptor: Int32)
    case syslog
  }
  private let destination = Mutex(Destination.standardError)

  static let shared = LogSink()

  func direct(to destination: Destination) {
    if case .syslog = destination { openlog("xfelfs", LOG_PID, LOG_DAEMON) }
    self.destination.withLock { $0 = destination }
  }

  /// A message is one line, whatever names are in it.
  fileprivate func write(_ level: Logger.Level, _ message: String) {
    let message = message.printable
    switch destination.withLock({ $0 }) {
    case .standardError: put("xfelfs: \(message)\n", to: 2)
    case .file(let descriptor): put("\(Self.now()) \(level): \(message)\n", to: descriptor)
    case .syslog:
      let priority = level >= .error ? LOG_ERR : level >= .warning ? LOG_WARNING : LOG_INFO
      message.withCString { text in withVaList([text]) { vsyslog(priority, "%s", $0) } }
    }
  }

  /// One write, so that lines of several threads do not mix.
  private func put(_ line: String, to descriptor: Int32) {
    let bytes = Array(line.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }

  private static func now() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// swift-log's back end over ``LogSink``.
struct SinkLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    LogSink.shared.write(event.level, "\(event.message)")
  }
}

extension Logger {
  /// The program's logger.
  static func program(_ level: Logger.Level = .notice) -> Logger {
    Logger(label: "xfelfs") { _ in SinkLogHandler(logLevel: level) }
  }
}
