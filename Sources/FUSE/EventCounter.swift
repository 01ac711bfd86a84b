internal import CFuse
import Glibc

/// A counter that can be polled: how workers and `stop` wake the thread in `serve`. Whoever adds to it holds it, so that its
/// descriptor is not closed, and its number given to another file, under a worker that comes home late.
final class EventCounter: Sendable {
  private let descriptor: Descriptor

  init() throws(Errno) {
    descriptor = try Descriptor(eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)))
  }

  /// For `poll`: readable when something was added.
  var number: Int32 { descriptor.number }

  /// Counts one event.
  func add() {
    var one: UInt64 = 1
    write(descriptor.number, &one, 8)
  }

  /// Back to zero.
  func clear() {
    var count: UInt64 = 0
    read(descriptor.number, &count, 8)
  }
}
