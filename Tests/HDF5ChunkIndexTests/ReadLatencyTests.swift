import Testing

@testable import HDF5

/// When a store counts as slow. Readings in microseconds.
@Suite struct ReadLatencyTests {
  private func latency(_ readings: [Int]) -> ReadLatency {
    let latency = ReadLatency()
    for reading in readings { latency.note(nanoseconds: reading * 1000) }
    return latency
  }

  private func isSlow(_ readings: [Int]) -> Bool { latency(readings).isSlow }

  @Test func recognisedByTheFirstReads() {
    #expect(!isSlow([]))
    #expect(isSlow([2100]) && isSlow([100_000]))
    #expect(!isSlow([150]) && !isSlow([800, 500]))
    #expect(isSlow([100, 2100, 2100, 2100]))
    #expect(isSlow(Array(repeating: 150, count: 1000) + Array(repeating: 2100, count: 6)))
  }

  @Test func fewOutliersDoNotMatter() {
    let quick = Array(repeating: 150, count: 1000)
    #expect(!isSlow(quick + [1_000_000]) && !isSlow(quick + [10_000, 10_000]))
    let latency = latency([])
    for number in 0..<1000 {
      latency.note(nanoseconds: number % 10 == 9 ? 20_000_000 : 150_000)
      #expect(!latency.isSlow)
    }
  }

  @Test func comesBack() {
    #expect(!isSlow([50_000, 150, 150, 150]))
    #expect(!isSlow(Array(repeating: 50_000, count: 1000) + Array(repeating: 150, count: 12)))
  }

  @Test func theMean() {
    #expect(latency([]).nanoseconds == 0)
    #expect(latency([2000, 4000]).nanoseconds == 3_000_000)
    // One absurd reading is not believed.
    #expect(latency([Int.max / 1000]).nanoseconds == 50_000_000)
  }

  @Test func measures() {
    struct Refused: Error {}
    let latency = ReadLatency()
    #expect(throws: Refused.self) { try latency.measure { () throws(Refused) in throw Refused() } }
    #expect(latency.nanoseconds == 0)
    var isDone = false
    latency.measure { isDone = true }
    #expect(isDone)
  }
}
