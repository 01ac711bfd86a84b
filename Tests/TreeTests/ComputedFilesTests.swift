import Synchronization
import TestRuns
import Testing
import Threads

@testable import HDF5
@testable import Tree

/// Files that take long to make, whose size is known.
@Suite struct ComputedFilesTests {
  private let store = ComputedFiles()

  @Test func whatIsMadeIsKept() throws {
    let node = try GrownTree().node("info.txt")
    let made = Atomic(0)
    for _ in 0..<3 {
      let bytes = try store.bytes(of: node) { () throws(ReadError) in
        made.add(1, ordering: .relaxed)
        return [1, 2, 3]
      }
      #expect(bytes == [1, 2, 3])
    }
    #expect(made.load(ordering: .relaxed) == 1)
  }

  @Test func whatCouldNotBeMadeIsMadeAgain() throws {
    let node = try GrownTree().node("info.txt")
    #expect(throws: TreeError.self) {
      try store.bytes(of: node) { () throws(ReadError) in throw .system(file: "/run/a.h5", errno: 5) }
    }
    #expect(try store.bytes(of: node) { () throws(ReadError) in [7] } == [7])
  }

  @Test func threadsThatAnswerDoNotWait() throws {
    let node = try GrownTree().node("info.txt")
    Request.$current.withValue(Request(mayWait: false)) {
      let error = #expect(throws: TreeError.self) { try store.bytes(of: node) { () throws(ReadError) in [] } }
      guard case .mustWait? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  /// The caller that makes it presses Ctrl-C: those who wait for the same get it all the same.
  @Test func anInterruptedMakerIsNoErrorOfTheOthers() throws {
    let node = try GrownTree().node("info.txt")
    let attempts = Atomic(0)
    let first = Atomic(0)
    let store = store
    let make: @Sendable () throws(ReadError) -> [UInt8] = { () throws(ReadError) in
      guard attempts.add(1, ordering: .relaxed).newValue == 1 else { return [9] }
      // Until the other one waits.
      Deadline(milliseconds: 300).sleep()
      throw .passing(PassingError(.interrupted, file: "/run/a.h5", reason: "interrupted"))
    }
    Thread.start {
      Request(isInterrupted: { attempts.load(ordering: .relaxed) == 1 }).run {
        if (try? store.bytes(of: node, make)) == nil { first.store(1, ordering: .relaxed) }
      }
    }
    while attempts.load(ordering: .relaxed) == 0 { Deadline(milliseconds: 1).sleep() }
    #expect(try store.bytes(of: node, make) == [9])
    #expect(first.load(ordering: .relaxed) == 1)
  }
}

extension Deadline {
  fileprivate func sleep() {
    let monitor = Monitor()
    monitor.withLock { _ = monitor.wait(until: self) }
  }
}
