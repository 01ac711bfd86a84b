import Synchronization

/// A number that several threads may change.
final class LockedNumber: Sendable {
  private let number = Mutex(0)
  var value: Int { number.withLock { $0 } }
  func add(_ other: Int) { number.withLock { $0 += other } }
}
