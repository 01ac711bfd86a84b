internal import CFuse
import Glibc
import Synchronization

/// What libfuse would print to stderr: kept for the error message while a session is made or mounted, printed at other times.
enum LibraryLog {
  private struct State {
    var isCapturing = false
    var lines: [String] = []
  }

  private static let state = Mutex(State())
  /// One capture at a time, as libfuse's log has no session. Order: `turn` before `state`.
  private static let turn = Mutex(())

  private static let install: Void = fuse_set_log_func { _, format, arguments in
    guard let format, let arguments else { return }
    let line = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer in
      guard let text = buffer.baseAddress, vsnprintf(text, buffer.count, format, arguments) >= 0 else { return "" }
      return String(cString: text)
    }
    LibraryLog.receive(line)
  }

  /// Runs `body` and returns with its result what libfuse had to say meanwhile, as one line.
  static func capture<Result>(_ body: () -> Result) -> (Result, log: String) {
    _ = install
    return turn.withLock { _ in
      state.withLock { $0.isCapturing = true }
      let result = body()
      let lines = state.withLock { state in
        defer { state = State() }
        return state.lines
      }
      return (result, lines.isEmpty ? "no reason given" : lines.joined(separator: "; "))
    }
  }

  private static func receive(_ line: String) {
    var text = line[...]
    while text.last?.isNewline == true { text.removeLast() }
    // "fuse: " is what our own prefix says already.
    if text.hasPrefix("fuse: ") { text.removeFirst(6) }
    let message = String(text)
    let isCaptured = state.withLock { state in
      if state.isCapturing { state.lines.append(message) }
      return state.isCapturing
    }
    guard !isCaptured else { return }
    let output = "fuse: \(message)\n"
    output.utf8.withContiguousStorageIfAvailable { _ = write(2, $0.baseAddress, $0.count) }
  }
}
