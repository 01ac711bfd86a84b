import EXDF
import RawHDF5
import Reports
import TestRuns
import Testing

/// `info.txt`: as `run.info(group_sources=False)` of EXtra-data 1.25 prints it, without blanks at the ends of lines.
@Suite struct OverviewTests {
  private func overview(_ files: [MadeFile]) throws -> String {
    let made = try MadeArrays(files)
    // Its directory goes with it.
    return try withExtendedLifetime(made) { text(try RunOverview(of: made.run).text) }
  }

  private func duration(_ trains: [UInt64]) throws -> String {
    let lines = try overview([MadeFile("a.h5", trainIDs: trains, [])]).split(separator: "\n")
    return String(try #require(lines.first { $0.hasPrefix("Duration:") }).dropFirst(16))
  }

  @Test func theSmallRun() throws {
    #expect(
      try overview(SmallRun.files()) == """
        # of trains:    6
        Duration:       0:00:00.6
        First train ID: 10000
        Last train ID:  10005

        1 XTDF detector modules of D/CORR/*
          e.g. module 0 : 3 x 2 pixels
          D/CORR/0CH0:output
          2 frames per train, up to 12 frames total

        2 instrument sources (excluding XTDF detectors):
          - S/CAM/1:out
          - S/XGM/1:output

        2 control sources:
          - S/TOP/1
          - S/XGM/1

        1 legacy source names:
         - D/DET/* -> D/CORR/* (1)


        """)
  }

  @Test func noTrains() throws {
    #expect(
      try overview([MadeFile("a.h5", trainIDs: [], [])]) == """
        # of trains:    0
        Duration:       0.0
        First train ID: -
        Last train ID:  -

        0 instrument sources (excluding XTDF detectors):

        0 control sources:


        """)
  }

  /// From the first id to the last, a tenth of a second each, as Python's timedelta; the ids may be wild.
  @Test(
    arguments: [
      ([10_000], "0:00:00.1"), ([10_000, 10_063], "0:00:06.4"), ([1, 36_000], "1:00:00.0"),
      ([1, 864_000], "1 day, 0:00:00.0"),
      ([1, 937_845], "1 day, 2:03:04.5"), ([1, 1_728_000], "2 days, 0:00:00.0"),
      ([129_407_297, 445_920_914], "366 days, 8:02:41.8"),
      ([1, .max], "OverflowError (one or more train IDs are probably wrong)"),
      // 999999999 days are the most a timedelta has.
      ([1, 863_999_999_999_999], "999999999 days, 23:59:59.9"),
      ([1, 864_000_000_000_000], "OverflowError (one or more train IDs are probably wrong)"),
    ] as [([UInt64], String)])
  func durations(_ trains: [UInt64], _ expected: String) throws {
    #expect(try duration(trains) == expected)
  }

  @Test func detectorsWithoutDataOrModuleZero() throws {
    func module(_ number: Int, _ counts: [UInt64]) -> MadeSource {
      let rows = Int(counts.reduce(0, +))
      let data = MadeKey("image/data", [UInt16](repeating: 1, count: rows * 12), entry: [2, 2, 3])
      return .instrument("D/DET/\(number)CH0:xtdf", [MadeGroup("image", counts: counts, [data])])
    }
    let lines = try overview([MadeFile("a.h5", trainIDs: [1, 2], [module(10, [0, 0]), module(2, [3, 3])])])
    // The smallest number by its text, its digits apart, as EXtra-data prints it.
    #expect(
      lines.contains("2 XTDF detector modules of D/DET/*\n  e.g. module 1 0 : 2 x 3 pixels\n  D/DET/10CH0:xtdf\n"))
    #expect(lines.contains("  0 frames per train, up to 0 frames total\n"))
    let varying = try overview([MadeFile("a.h5", trainIDs: [1, 2, 3], [module(0, [30, 32, 0])])])
    #expect(varying.contains("  32 frames per train, up to 96 frames total\n"))
  }

  @Test func jsonSaysTheSame() throws {
    let made = try MadeArrays(SmallRun.files())
    let json = try withExtendedLifetime(made) { try text(RunOverview(of: made.run).json()) }
    for line in [
      #""trains" : 6"#, #""first_train_id" : 10000"#, #""last_train_id" : 10005"#, #""duration_seconds" : 0.6"#,
      #""D/DET/0CH0:xtdf" : "D/CORR/0CH0:output""#, #""frames_per_train" : 2"#, #""runNumber" : 42"#,
      #""dataFormatVersion" : "1.3""#,
    ] { #expect(json.contains(line), "\(line)") }
    #expect(json.hasSuffix("}\n"))
  }
}
