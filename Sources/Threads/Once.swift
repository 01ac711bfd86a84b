/// A value that is made once, by whoever asks first, and shared by everybody who waits for it.
public final class Once<Value: Sendable>: @unchecked Sendable {
  // Unchecked: `state` is only touched inside the monitor.
  private enum State {
    case idle
    case running
    case done(Value)
  }
  private let monitor = Monitor()
  private var state = State.idle

  public init() {}

  /// The value if it is there; never waits for its making.
  public var ifDone: Value? {
    monitor.withLock {
      if case .done(let value) = state { return value }
      return nil
    }
  }

  /// The value, made here or waited for.
  public func value(_ make: () -> Value) -> Value {
    let known = monitor.withLock { () -> Value? in
      while true {
        switch state {
        case .done(let value): return value
        case .running: monitor.wait()
        case .idle:
          state = .running
          return nil
        }
      }
    }
    if let known { return known }
    let value = make()
    finish(value)
    return value
  }

  /// Starts the making on a thread of its own unless it has started, and waits for it no longer than `milliseconds`.
  /// - Returns: the value, or nil when it is not there by then.
  public func value(within milliseconds: Int, _ make: @escaping @Sendable () -> Value) -> Value? {
    let mustStart = monitor.withLock { () -> Bool in
      if case .idle = state {
        state = .running
        return true
      }
      return false
    }
    if mustStart, !Thread.start({ self.finish(make()) }) { finish(make()) }
    let deadline = Deadline(milliseconds: milliseconds)
    return monitor.withLock {
      while true {
        if case .done(let value) = state { return value }
        guard monitor.wait(until: deadline) else {
          if case .done(let value) = state { return value }
          return nil
        }
      }
    }
  }

  private func finish(_ value: Value) {
    monitor.withLock {
      state = .done(value)
      monitor.broadcast()
    }
  }
}
