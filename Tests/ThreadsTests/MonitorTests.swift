import Synchronization
import Testing
import Threads

@Suite struct MonitorTests {
  /// A counter that is only safe because of the monitor.
  private final class Counter: @unchecked Sendable {
    var value = 0
    var running = 0
  }

  @Test func onlyOneIsInside() {
    let monitor = Monitor()
    let counter = Counter()
    let threads = 4
    for _ in 0..<threads {
      monitor.withLock { counter.running += 1 }
      Thread.start {
        for _ in 0..<5000 { monitor.withLock { counter.value += 1 } }
        monitor.withLock {
          counter.running -= 1
          monitor.broadcast()
        }
      }
    }
    monitor.withLock { while counter.running > 0 { monitor.wait() } }
    #expect(monitor.withLock { counter.value } == threads * 5000)
  }

  @Test func aBroadcastWakesEverybody() {
    let monitor = Monitor()
    let counter = Counter()
    for _ in 0..<5 {
      Thread.start {
        monitor.withLock {
          counter.running += 1
          monitor.broadcast()
          while counter.value == 0 { monitor.wait() }
          counter.running -= 1
          monitor.broadcast()
        }
      }
    }
    monitor.withLock {
      while counter.running < 5 { monitor.wait() }
      counter.value = 1
      monitor.broadcast()
      while counter.running > 0 { monitor.wait() }
    }
    #expect(monitor.withLock { counter.running } == 0)
  }

  @Test(arguments: [0, 1, 20])
  func aDeadlinePasses(_ milliseconds: Int) {
    let monitor = Monitor()
    let deadline = Deadline(milliseconds: milliseconds)
    monitor.withLock {
      // May return true for no reason, but not for ever.
      while monitor.wait(until: deadline) {}
      #expect(!monitor.wait(until: deadline))
    }
  }

  @Test func errorsComeOutAndTheLockIsGivenBack() {
    struct Refused: Error {}
    let monitor = Monitor()
    #expect(throws: Refused.self) { try monitor.withLock { throw Refused() } }
    #expect(monitor.withLock { 7 } == 7)
  }
}
