import Synchronization
import Testing
import Threads

@Suite struct OnceTests {
  /// A door that stays shut until it is opened.
  private final class Gate: @unchecked Sendable {
    // Unchecked: touched inside the monitor only.
    private let monitor = Monitor()
    private var isOpen = false
    private var waiting = 0

    func open() {
      monitor.withLock {
        isOpen = true
        monitor.broadcast()
      }
    }

    func pass() {
      monitor.withLock {
        waiting += 1
        monitor.broadcast()
        while !isOpen { monitor.wait() }
      }
    }

    func untilSomebodyWaits() { monitor.withLock { while waiting == 0 { monitor.wait() } } }
  }

  @Test func isMadeOnceForEverybody() {
    let once = Once<Int>()
    let made = Atomic(0)
    let gate = Gate()
    let sum = Atomic(0)
    let finished = Monitor()
    for _ in 0..<6 {
      Thread.start {
        let value = once.value {
          made.add(1, ordering: .relaxed)
          gate.pass()
          return 42
        }
        finished.withLock {
          sum.add(value, ordering: .relaxed)
          finished.broadcast()
        }
      }
    }
    gate.untilSomebodyWaits()
    #expect(once.ifDone == nil)
    gate.open()
    finished.withLock { while sum.load(ordering: .relaxed) < 6 * 42 { finished.wait() } }
    #expect(made.load(ordering: .relaxed) == 1)
    #expect(once.ifDone == 42)
  }

  @Test func aLaterMakerIsNotAsked() {
    let once = Once<String>()
    #expect(once.value { "first" } == "first")
    #expect(once.value { "second" } == "first")
    #expect(once.value(within: 0) { "third" } == "first")
  }

  @Test func patienceEndsButTheMakingGoesOn() {
    let once = Once<Int>()
    let gate = Gate()
    let value = once.value(within: 1) {
      gate.pass()
      return 5
    }
    #expect(value == nil)
    // The second one does not start another making either.
    #expect(once.value(within: 1) { 6 } == nil)
    #expect(once.ifDone == nil)
    gate.open()
    #expect(once.value { 7 } == 5)
  }

  @Test func thePatientGetTheValue() {
    let once = Once<Int>()
    #expect(once.value(within: 600_000) { 8 } == 8)
  }
}
