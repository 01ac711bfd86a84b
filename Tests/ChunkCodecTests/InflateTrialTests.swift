import Testing

@testable import ChunkCodec

@Suite struct InflateTrialTests {
  /// Takes all turns; a library's chunks take these nanoseconds for 1000 bytes, one after the other.
  private func decided(isal: [Int], libdeflate: [Int]) -> InflateTrial {
    let trial = InflateTrial()
    var (isal, libdeflate) = (isal[...], libdeflate[...])
    while true {
      let (library, isMeasured) = trial.next()
      guard isMeasured else { return trial }
      let time = library == .isal ? isal.popFirst() : libdeflate.popFirst()
      if let time { trial.note(library, nanoseconds: time, bytes: 1000) }
    }
  }

  @Test func bothHaveTurnsAndTheFasterOneGetsTheRest() {
    #expect(decided(isal: [10, 10, 10, 10], libdeflate: [11, 12, 13, 14]).next() == (.isal, false))
    #expect(decided(isal: [11, 12, 13, 14], libdeflate: [10, 10, 10, 10]).next() == (.libdeflate, false))
  }

  /// A turn that was disturbed does not count.
  @Test func theShortestTimeCounts() {
    #expect(decided(isal: [900, 700, 9, 800], libdeflate: [10, 10, 10, 10]).next().library == .isal)
  }

  /// Times that cannot be computed, or none: still somebody inflates.
  @Test func oddNotesDoNotDecide() {
    #expect(decided(isal: [], libdeflate: []).next().isMeasured == false)
    let trial = InflateTrial()
    trial.note(.isal, nanoseconds: .max, bytes: 1)
    trial.note(.libdeflate, nanoseconds: 5, bytes: 0)
    #expect(trial.next() == (.isal, true))
  }
}
