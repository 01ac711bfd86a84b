import Synchronization

/// The files that the kernel has open, by the number that it got in the answer to OPEN and gives back in READ and RELEASE. What it has
/// not given back when the connection ends goes with the connection.
final class OpenFiles: Sendable {
  private struct State {
    var files: [UInt64: any OpenFile] = [:]
    var last: UInt64 = 0
  }
  private let state = Mutex(State())

  /// Gives `file` a number.
  func add(_ file: any OpenFile) -> UInt64 {
    state.withLock { state in
      state.last += 1
      state.files[state.last] = file
      return state.last
    }
  }

  /// The file of a number; nil for one that was never given, or has been taken back.
  subscript(number: UInt64) -> (any OpenFile)? { state.withLock { $0.files[number] } }

  /// Takes a number back. The file is let go outside of the lock: closing may take its time.
  func remove(_ number: UInt64) { _ = state.withLock { $0.files.removeValue(forKey: number) } }
}
