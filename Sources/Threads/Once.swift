/// A value that is made once, by the thread that asks first, and shared by all that wait for it.
///
/// A value that is not worth keeping, because the next attempt may bring a better one, is given to those that wait for it, and made again
/// for the next.
public final class Once<Value: Sendable>: @unchecked Sendable {
  // Unchecked: everything mutable is only touched inside the monitor.
  private enum State {
    case idle
    case running
    case done(Value)
  }
  private let monitor = Monitor()
  private var state = State.idle
  /// Attempts that have ended, and what the last one brought if it was not kept.
  private var attempts = 0
  private var latest: Value?
  private let isKept: @Sendable (Value) -> Bool

  /// - Parameter isKept: whether a value is worth keeping.
  public init(keepingIf isKept: @escaping @Sendable (Value) -> Bool = { _ in true }) { self.isKept = isKept }

  /// The value if it is there; never waits for its making.
  public var ifDone: Value? {
    monitor.withLock {
      if case .done(let value) = state { return value }
      return nil
    }
  }

  /// The value, made here or waited for.
  ///
  /// - Parameter isInterrupted: asked now and then while another thread makes it.
  /// - Returns: nil only where it was waited for, and the waiting interrupted.
  public func value(isInterrupted: () -> Bool, _ make: () -> Value) -> Value? {
    let start = begin()
    switch start {
    case .done(let value): return value
    case .mine:
      let value = make()
      finish(value)
      return value
    case .wait(let attempt):
      while true {
        if let value = wait(for: attempt, until: Deadline(milliseconds: Self.step)) { return value }
        if isInterrupted() { return nil }
      }
    }
  }

  /// Starts the making on a thread of its own unless it has started or is done.
  public func start(_ make: @escaping @Sendable () -> Value) {
    if case .mine = begin(), !Thread.start({ self.finish(make()) }) { finish(make()) }
  }

  /// Starts the making on a thread of its own unless it has started, and waits for it no longer than `milliseconds`.
  /// - Returns: the value, or nil when it is not there by then or the waiting was interrupted.
  public func value(
    within milliseconds: Int, isInterrupted: () -> Bool = { false }, _ make: @escaping @Sendable () -> Value
  ) -> Value? {
    let attempt: Int
    switch begin() {
    case .done(let value): return value
    case .mine:
      attempt = monitor.withLock { attempts }
      if !Thread.start({ self.finish(make()) }) { finish(make()) }
    case .wait(let running): attempt = running
    }
    let deadline = Deadline(milliseconds: milliseconds)
    while true {
      let step = Deadline(milliseconds: Self.step)
      if let value = wait(for: attempt, until: step.precedes(deadline) ? step : deadline) { return value }
      if deadline.hasPassed || isInterrupted() { return nil }
    }
  }

  /// How often a waiting thread looks whether it has been interrupted, in milliseconds.
  private static var step: Int { 20 }

  private enum Start {
    case done(Value)
    case mine
    /// Another thread is making it: the number of its attempt.
    case wait(Int)
  }

  private func begin() -> Start {
    monitor.withLock {
      switch state {
      case .done(let value): return .done(value)
      case .running: return .wait(attempts)
      case .idle:
        state = .running
        return .mine
      }
    }
  }

  /// What an attempt has brought; nil where it has not ended by the deadline.
  private func wait(for attempt: Int, until deadline: Deadline) -> Value? {
    monitor.withLock {
      while true {
        if case .done(let value) = state { return value }
        if attempts > attempt { return latest }
        guard monitor.wait(until: deadline) else {
          if case .done(let value) = state { return value }
          return attempts > attempt ? latest : nil
        }
      }
    }
  }

  private func finish(_ value: Value) {
    monitor.withLock {
      attempts += 1
      if isKept(value) {
        state = .done(value)
        latest = nil
      } else {
        state = .idle
        latest = value
      }
      monitor.broadcast()
    }
  }
}
