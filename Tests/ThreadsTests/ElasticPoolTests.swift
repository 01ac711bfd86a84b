import Testing

@testable import Threads

@Suite struct ElasticPoolTests {
  /// However many are stuck, up to the limit.
  @Test func growsPastThreadsThatAreStuck() {
    let pool = ElasticPool(regular: 2, most: 8, waiting: 100, patience: 20)
    let (meeting, done) = (Meeting(), Meeting())
    for _ in 0..<8 {
      let isTaken = pool.submit {
        meeting.arrive()
        _ = meeting.wait(for: 8)
        done.arrive()
      }
      #expect(isTaken)
    }
    #expect(done.wait(for: 8))
    #expect(pool.threadCount <= 8)
  }

  @Test func doesNotGrowWhileThreadsComeBack() {
    let pool = ElasticPool(regular: 2, most: 100, waiting: 1000, patience: 60_000)
    let done = Meeting()
    for _ in 0..<500 { #expect(pool.submit { done.arrive() }) }
    #expect(done.wait(for: 500))
    #expect(pool.threadCount <= 2)
  }

  @Test func shrinks() {
    let pool = ElasticPool(regular: 4, most: 4, waiting: 0, patience: 0, idleTime: 10)
    for _ in 0..<2 {
      let meeting = Meeting()
      for _ in 0..<4 {
        let isTaken = pool.submit {
          meeting.arrive()
          _ = meeting.wait(for: 4)
        }
        #expect(isTaken)
      }
      #expect(meeting.wait(for: 4))
      let deadline = Deadline(milliseconds: 10_000)
      while pool.threadCount > 0 && !deadline.hasPassed {}
      #expect(pool.threadCount == 0)
    }
  }

  /// And not when the thread, which waits for more, has ended.
  @Test func whatTheWorkHoldsGoesWithIt() {
    final class Token: Sendable {
      let end: Meeting
      init(_ end: Meeting) { self.end = end }
      deinit { end.arrive() }
    }
    let pool = ElasticPool(regular: 1, most: 1, waiting: 10, patience: 0, idleTime: 3_600_000)
    let end = Meeting()
    for _ in 0..<3 {
      let token = Token(end)
      #expect(pool.submit { withExtendedLifetime(token) {} })
    }
    #expect(end.wait(for: 3))
  }

  @Test func whatDoesNotFitIsRefused() {
    let pool = ElasticPool(regular: 1, most: 2, waiting: 1, patience: 1)
    let (started, end, done) = (Meeting(), Meeting(), Meeting())
    let work: @Sendable () -> Void = {
      started.arrive()
      _ = end.wait(for: 1)
      done.arrive()
    }
    #expect(pool.submit(work))
    #expect(pool.submit(work))
    // The second has waited for its thread, and left its place in the queue.
    #expect(started.wait(for: 2))
    #expect(pool.submit(work) && !pool.submit(work))
    end.arrive()
    #expect(done.wait(for: 3))
  }
}
