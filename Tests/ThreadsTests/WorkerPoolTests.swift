import Synchronization
import Testing
import Threads

@Suite struct WorkerPoolTests {
  /// Work that comes before an idle thread has woken up gets threads of its own.
  @Test func asManyThreadsAsThereIsWork() {
    let pool = WorkerPool(threads: 8, waiting: 100)
    for _ in 0..<20 {
      let meeting = Meeting()
      for _ in 0..<8 {
        pool.submit {
          meeting.arrive()
          _ = meeting.wait(for: 8)
        }
      }
      #expect(meeting.wait(for: 8))
    }
  }

  @Test func whatDoesNotFitIsRefused() {
    let pool = WorkerPool(threads: 1, waiting: 2)
    let (started, end, done) = (Meeting(), Meeting(), Meeting())
    let work: @Sendable () -> Void = {
      started.arrive()
      _ = end.wait(for: 1)
      done.arrive()
    }
    #expect(pool.submit(work))
    #expect(started.wait(for: 1))
    #expect(pool.submit(work) && pool.submit(work) && !pool.submit(work))
    end.arrive()
    #expect(done.wait(for: 3))
  }

  @Test(arguments: [0, 1, 2, 1000])
  func eachNumberOnce(_ count: Int) {
    let pool = WorkerPool(threads: 5, waiting: 3)
    let numbers = Numbers()
    pool.together(count) { number in numbers.found.withLock { $0.append(number) } }
    #expect(numbers.found.withLock { $0.sorted() } == Array(0..<count))
  }

  private final class Numbers: Sendable {
    let found = Mutex<[Int]>([])
  }

  /// Callers that are threads of the very pool, all of them: nobody else is there to help.
  @Test func callersFromInside() {
    let pool = WorkerPool(threads: 3, waiting: 100)
    let (inside, done, numbers) = (Meeting(), Meeting(), Numbers())
    for _ in 0..<3 {
      pool.submit {
        inside.arrive()
        _ = inside.wait(for: 3)
        pool.together(10) { number in numbers.found.withLock { $0.append(number) } }
        done.arrive()
      }
    }
    #expect(done.wait(for: 3))
    #expect(numbers.found.withLock { $0.count } == 30)
  }
}
