import Testing

@testable import EXDF

/// Each as `re.match` of EXtra-data's patterns.
@Suite struct DetectorTypeTests {
  static func types(of source: String) -> [String] {
    DetectorType.all.compactMap { type in
      type.module(in: source).map { "\(type.name) \($0.detector) \($0.isCorrected ? "CORR" : "DET") \($0.number)" }
    }
  }

  @Test(arguments: [
    ("SPB_DET_AGIPD1M-1/DET/7CH0:xtdf", "AGIPD1M SPB_DET_AGIPD1M-1 DET 7"),
    ("SPB_DET_AGIPD1M-1/CORR/15CH0:output", "AGIPD1M SPB_DET_AGIPD1M-1 CORR 15"),
    ("HED_DET_AGIPD500K2G/DET/0CH0:xtdf", "AGIPD500K HED_DET_AGIPD500K2G DET 0"),
    ("SCS_DET_DSSC1M-1/DET/3CH0:xtdf", "DSSC1M SCS_DET_DSSC1M-1 DET 3"),
    ("FXE_DET_LPD1M-1/DET/10CH0:xtdf", "LPD1M FXE_DET_LPD1M-1 DET 10"),
    ("FXE_DET_LPD_SOLO/DET/0CH0:xtdf", "LPDSolo FXE_DET_LPD_SOLO DET 0"),
    ("SPB_IRDA_JF4M/DET/JNGFR03:daqOutput", "JUNGFRAU SPB_IRDA_JF4M DET 3"),
    ("SPB_IRDA_JNGFR/DET/MODULE_1:daqOutput", "JUNGFRAU SPB_IRDA_JNGFR DET 1"),
    ("FXE_XAD_JF1M/CORR/RECEIVER-2", "JUNGFRAU FXE_XAD_JF1M CORR 2"),
    ("HED_IA1_JF500K1/DET/JNGFR01:daqOutput", "JUNGFRAU HED_IA1_JF500K1 DET 1"),
  ])
  func found(_ source: String, _ expected: String) {
    #expect(Self.types(of: source) == [expected])
  }

  @Test(arguments: [
    "_AGIPD1M/DET/1CH0:xtdf", "SPB_DET_AGIPD1M-1/DET/CH0:xtdf", "SPB_DET_AGIPD1M-1/DET/7:xtdf", "AGIPD500K/DET/1CH0",
    "SPB/DET_AGIPD1M-1/DET/7CH0:xtdf", "SPB_DET_AGIPD1M-1/det/7CH0:xtdf", "SPB_IRDA_JF4M/DET/CONTROL",
    "SPB_IRDA_JF2M/DET/JNGFR03:daqOutput", "SPB_IRDA_JF500K12/DET/JNGFR03", "_JF/DET/JNGFR01", "SPB_JF4M/DET/JNGFR",
    "SPB_DET_AGIPD1M-1/DET/99999999999999999999CH0", "", "/", "//",
  ])
  func notFound(_ source: String) {
    #expect(Self.types(of: source).isEmpty)
  }
}

@Suite struct FrameMatchingTests {
  @Test func unionOfPulseIDs() {
    let matching = Detector.matching([[7, 11, 15], [], [11, 31]])
    #expect(matching.rows == [[0, 1, 2, -1], [-1, -1, -1, -1], [-1, 0, -1, 1]])
  }

  /// The second coming of an id is another frame, wherever the first ones stand.
  @Test func idsThatRepeat() {
    let matching = Detector.matching([[8, 12, 8], [12, 8]])
    #expect(matching.rows == [[0, 2, 1], [1, -1, 0]])
  }
}
