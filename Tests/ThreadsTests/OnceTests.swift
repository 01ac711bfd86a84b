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
        let value = once.value(isInterrupted: { false }) {
          made.add(1, ordering: .relaxed)
          gate.pass()
          return 42
        }
        finished.withLock {
          sum.add(value ?? 0, ordering: .relaxed)
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
    #expect(once.value(isInterrupted: { false }, { "first" }) == "first")
    #expect(once.value(isInterrupted: { false }, { "second" }) == "first")
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
    #expect(once.value(isInterrupted: { false }, { 7 }) == 5)
  }

  @Test func thePatientGetTheValue() {
    let once = Once<Int>()
    #expect(once.value(within: 600_000) { 8 } == 8)
  }

  /// A value that is not worth keeping is given to those that wait for it, and made anew for the next.
  @Test func whatIsNotWorthKeepingIsMadeAgain() {
    let once = Once<Int>(keepingIf: { $0 > 0 })
    let gate = Gate()
    let waited = Atomic(0)
    let finished = Monitor()
    Thread.start {
      let value = once.value(isInterrupted: { false }) {
        gate.pass()
        return -1
      }
      finished.withLock {
        waited.add(value ?? 0, ordering: .relaxed)
        finished.broadcast()
      }
    }
    gate.untilSomebodyWaits()
    Thread.start {
      let value = once.value(within: 600_000) { -1 }
      finished.withLock {
        waited.add(value ?? 0, ordering: .relaxed)
        finished.broadcast()
      }
    }
    gate.open()
    finished.withLock { while waited.load(ordering: .relaxed) > -2 { finished.wait() } }
    #expect(once.ifDone == nil)
    #expect(once.value(within: 600_000) { 7 } == 7)
    #expect(once.value(within: 600_000) { 8 } == 7)
  }

  @Test func aWaitingThreadCanBeInterrupted() {
    let once = Once<Int>()
    let gate = Gate()
    once.start {
      gate.pass()
      return 3
    }
    gate.untilSomebodyWaits()
    #expect(once.value(isInterrupted: { true }, { 4 }) == nil)
    #expect(once.value(within: 600_000, isInterrupted: { true }, { 4 }) == nil)
    gate.open()
    #expect(once.value(within: 600_000) { 5 } == 3)
  }
}
