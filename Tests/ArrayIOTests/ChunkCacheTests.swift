import HDF5
import RawHDF5
import Synchronization
import Testing
import Threads

@testable import ArrayIO

@Suite struct ChunkCacheTests {
  private func load(_ cache: ChunkCache, _ number: Int, size: Int, loads: borrowing Atomic<Int>) throws(ReadError)
    -> Slab
  {
    try cache.chunk(ChunkKey(dataset: 1, chunk: number), size: size) { output in
      loads.add(1, ordering: .relaxed)
      output.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: number))
    }
  }

  @Test func aChunkIsMadeOnce() throws {
    let cache = ChunkCache(capacity: 1 << 20)
    let loads = Atomic(0)
    for _ in 0..<3 {
      let slab = try load(cache, 7, size: 100, loads: loads)
      #expect(slab.bytes.count == 100 && slab.bytes.allSatisfy { $0 == 7 } == true)
    }
    #expect(loads.load(ordering: .relaxed) == 1)
  }

  @Test func theLeastRecentlyUsedBytesGo() throws {
    let cache = ChunkCache(capacity: 1000)
    let loads = Atomic(0)
    func isKnown(_ number: Int) -> Bool { cache.isThere(ChunkKey(dataset: 1, chunk: number)) }
    for number in 0..<4 { _ = try load(cache, number, size: 250, loads: loads) }
    #expect((0..<4).allSatisfy { isKnown($0) } == true)
    // 0 is used again, so 1 is the oldest; 300 bytes cost two of 250.
    _ = try load(cache, 0, size: 250, loads: loads)
    _ = try load(cache, 9, size: 300, loads: loads)
    #expect([0, 1, 2, 3, 9].map { isKnown($0) } == [true, false, false, true, true])
    #expect(loads.load(ordering: .relaxed) == 5)
  }

  /// What is larger than the cache is still served, alone.
  @Test func aChunkLargerThanTheCache() throws {
    let cache = ChunkCache(capacity: 1000)
    let loads = Atomic(0)
    _ = try load(cache, 1, size: 10, loads: loads)
    let slab = try load(cache, 2, size: 5000, loads: loads)
    #expect(slab.bytes.count == 5000)
    #expect(!cache.isThere(ChunkKey(dataset: 1, chunk: 1)) && cache.isThere(ChunkKey(dataset: 1, chunk: 2)))
    _ = try load(cache, 3, size: 10, loads: loads)
    #expect(!cache.isThere(ChunkKey(dataset: 1, chunk: 2)))
    // Whoever holds it still has it.
    #expect(slab.bytes.allSatisfy { $0 == 2 } == true)
  }

  /// Who works ahead leaves alone what its reader has made in the meantime, even if that is gone again.
  @Test func whatTheReaderMadeIsNoLongerWanted() throws {
    let cache = ChunkCache(capacity: 1000)
    let loads = Atomic(0)
    let key = ChunkKey(dataset: 1, chunk: 1)
    #expect(cache.want(key))
    #expect(!cache.want(key))
    _ = try load(cache, 1, size: 600, loads: loads)
    _ = try load(cache, 2, size: 600, loads: loads)
    #expect(!cache.take(key))
    #expect(cache.want(key))
    #expect(cache.take(key))
    #expect(!cache.take(key))
  }

  @Test func datasetsDoNotShareNumbers() throws {
    let cache = ChunkCache(capacity: 1 << 20)
    for dataset in [UInt64(1), 2] {
      let slab = try cache.chunk(ChunkKey(dataset: dataset, chunk: 0), size: 8) { output in
        output.initializeMemory(as: UInt8.self, repeating: UInt8(dataset))
      }
      #expect(slab.bytes[0] == UInt8(dataset))
    }
  }

  @Test func aFailedLoadIsTriedAgain() throws {
    let cache = ChunkCache(capacity: 1 << 20)
    let key = ChunkKey(dataset: 1, chunk: 1)
    let failure = ReadError.damaged(file: "f", object: "o", reason: "r")
    for _ in 0..<2 {
      #expect(throws: ReadError.self) { try cache.chunk(key, size: 8) { (_) throws(ReadError) in throw failure } }
      #expect(!cache.isThere(key))
    }
    let slab = try cache.chunk(key, size: 8) { $0.initializeMemory(as: UInt8.self, repeating: 5) }
    #expect(slab.bytes[0] == 5)
  }

  @Test func claimedChunks() throws {
    let cache = ChunkCache(capacity: 1 << 20)
    let (kept, dropped) = (ChunkKey(dataset: 1, chunk: 1), ChunkKey(dataset: 1, chunk: 2))
    #expect(cache.claim(kept) && cache.claim(dropped) && !cache.claim(kept))
    #expect(cache.isThere(kept))
    let slab = try #require(cache.pool.slab(8))
    slab.bytes.initializeMemory(as: UInt8.self, repeating: 9)
    cache.publish(slab, as: kept)
    #expect(!cache.claim(kept))
    #expect(try cache.chunk(kept, size: 8) { (_) throws(ReadError) in Issue.record("made twice") }.bytes[7] == 9)
    cache.abandon(dropped)
    #expect(!cache.isThere(dropped) && cache.claim(dropped))
  }

  /// What several threads share: how often a chunk was made, and who is done.
  private final class Crew: Sendable {
    let loads = Atomic(0)
    let results = Mutex<[UInt8?]>([])
    let monitor = Monitor()

    func run(_ threads: Int, _ body: @escaping @Sendable (Int) throws -> UInt8) -> [UInt8?] {
      for number in 0..<threads {
        Thread.start {
          let result = try? body(number)
          self.monitor.withLock {
            self.results.withLock { $0.append(result) }
            self.monitor.broadcast()
          }
        }
      }
      return monitor.withLock {
        while results.withLock({ $0.count }) < threads { monitor.wait() }
        return results.withLock { $0 }
      }
    }
  }

  @Test func whoeverComesWhileItIsMadeWaits() {
    let cache = ChunkCache(capacity: 1 << 20)
    let crew = Crew()
    let asked = Atomic(0)
    let results = crew.run(6) { _ in
      asked.add(1, ordering: .sequentiallyConsistent)
      return try cache.chunk(ChunkKey(dataset: 1, chunk: 1), size: 64) { output in
        crew.loads.add(1, ordering: .relaxed)
        // Until all have asked, or are about to.
        while asked.load(ordering: .sequentiallyConsistent) < 6 {}
        output.initializeMemory(as: UInt8.self, repeating: 3)
      }.bytes[63]
    }
    #expect(results == Array(repeating: 3, count: 6))
    #expect(crew.loads.load(ordering: .relaxed) == 1)
  }

  /// Those who waited for a load that failed try for themselves: with every second load failing, all get an answer.
  @Test func waitersOfAFailedLoadAreNotForgotten() {
    let cache = ChunkCache(capacity: 1 << 20)
    let crew = Crew()
    let results = crew.run(6) { _ in
      try cache.chunk(ChunkKey(dataset: 1, chunk: 1), size: 64) { (output) throws(ReadError) in
        if crew.loads.add(1, ordering: .relaxed).newValue < 4 {
          throw .damaged(file: "", object: "", reason: "the first three fail")
        }
        output.initializeMemory(as: UInt8.self, repeating: 8)
      }.bytes[0]
    }
    #expect(results.count { $0 == nil } == 3 && results.count { $0 == 8 } == 3)
    #expect(crew.loads.load(ordering: .relaxed) == 4)
  }

  /// Chunks go while others are made and held; the bytes that come back are always the chunk's own.
  @Test(arguments: [2000, 256 << 20])
  func manyThreadsOverASmallCache(_ capacity: Int) {
    let cache = ChunkCache(capacity: capacity)
    let crew = Crew()
    let results = crew.run(5) { thread in
      var random = SeededGenerator(seed: UInt64(thread))
      for _ in 0..<2000 {
        let number = random.below(12)
        let size = 200 + number * 50
        let slab = try cache.chunk(ChunkKey(dataset: UInt64(number % 3), chunk: number), size: size) { output in
          output.initializeMemory(as: UInt8.self, repeating: UInt8(number + 1))
        }
        guard slab.bytes.count == size, slab.bytes[0] == UInt8(number + 1), slab.bytes[size - 1] == UInt8(number + 1)
        else { return 0 }
      }
      return 1
    }
    #expect(results == Array(repeating: 1, count: 5))
  }
}

extension ChunkCache {
  /// Whether nobody has to make the chunk.
  fileprivate func isThere(_ key: ChunkKey) -> Bool { !(want(key) && take(key)) }
}
