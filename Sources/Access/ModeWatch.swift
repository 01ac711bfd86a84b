internal import Synchronization
internal import Threads

/// The modes of a run's files and directories, as they were a few seconds ago at most: looked at again by the threads that may wait.
public final class ModeWatch: Sendable {
  private struct State {
    var modes: RunModes
    var end: ContinuousClock.Instant
  }
  private let state: Mutex<State>
  private let read: @Sendable () -> RunModes
  private let now: @Sendable () -> ContinuousClock.Instant

  /// - Parameters:
  ///   - directory: of the run; absolute and without links.
  ///   - files: the paths of its files.
  public convenience init(directory: String, files: [String]) {
    self.init(now: { .now }, read: { RunModes(directory: directory, files: files) })
  }

  init(now: @escaping @Sendable () -> ContinuousClock.Instant, read: @escaping @Sendable () -> RunModes) {
    self.now = now
    self.read = read
    state = Mutex(State(modes: read(), end: now() + FileAccessCheck.lifetime))
  }

  /// What is known; never waits.
  public var latest: RunModes { state.withLock { $0.modes } }

  /// What is known, looked at again where it has aged.
  /// - Throws: ``AccessError/mustWait`` where it has aged and this thread must not wait.
  public func current() throws(AccessError) -> RunModes {
    let now = now()
    let (modes, end) = state.withLock { ($0.modes, $0.end) }
    guard end <= now else { return modes }
    guard Request.current.mayWait else { throw .mustWait }
    return renew()
  }

  /// The same, whatever the request says of waiting.
  func currentWaiting() -> RunModes {
    let now = now()
    let (modes, end) = state.withLock { ($0.modes, $0.end) }
    return end > now ? modes : renew()
  }

  private func renew() -> RunModes {
    // Several threads may do so at once: one that took an aged answer could let a user read a file that has been closed long ago.
    let renewed = read()
    state.withLock { $0 = State(modes: renewed, end: self.now() + FileAccessCheck.lifetime) }
    return renewed
  }
}
