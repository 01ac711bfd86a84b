import Glibc
import Testing

@testable import ExampleRun

/// The run as its readers find it. Written once, for all tests of the suite.
@Suite struct ExampleRunTests {
  private static let run = Result {
    let directory = try TemporaryDirectory()
    return Written(summary: try ExampleRun.write(to: directory.path), directory: directory)
  }

  private final class Written: Sendable {
    let summary: ExampleRun.Summary
    let directory: TemporaryDirectory
    init(summary: ExampleRun.Summary, directory: consuming TemporaryDirectory) {
      self.summary = summary
      self.directory = directory
      // A static lives until the process ends, and then nobody calls its deinit.
      atexit { _ = ExampleRunTests.run.map { unlinkAll($0.directory.path) } }
    }
  }

  private func file(_ name: String) throws -> H5Reader {
    try H5Reader(Self.run.get().directory.path + "/RAW-R0042-\(name).h5")
  }

  private let image = "INSTRUMENT/SPB_DET_AGIPD1M-1/DET/3CH0:xtdf/image"

  @Test func hasAFileForEachModuleAndSequence() throws {
    let run = try Self.run.get()
    let modules = (0..<16).flatMap { number in
      (0..<2).map { "RAW-R0042-AGIPD\(number < 10 ? "0" : "")\(number)-S0000\($0).h5" }
    }
    #expect(
      TemporaryDirectory.names(in: run.directory.path)
        == modules + ["RAW-R0042-DA01-S00000.h5", "RAW-R0042-DA01-S00001.h5"])
    #expect(run.summary.fileCount == 34)
    #expect(run.summary.byteCount < 60_000_000)
  }

  @Test(arguments: [("DA01-S00000", 0..<12), ("DA01-S00001", 12..<24), ("AGIPD03-S00000", 0..<10)])
  func padsTheTrainsToWholeChunks(name: String, trains: Range<Int>) throws {
    let file = try file(name)
    let ids = trains.map { 1_420_045_000 + UInt64($0) }
    let padding = [UInt64](repeating: 0, count: 16 - ids.count)
    #expect(try file.read("INDEX/trainId") == ids + padding)
    for name in ["timestamp", "flag", "origin"] { #expect(try file.shape("INDEX/" + name) == [16]) }
    let flags: [Int32] = try file.read("INDEX/flag")
    for (flag, train) in zip(flags, trains) { #expect((flag == 0) == (train == 7)) }
  }

  @Test func leavesOutTheTrainThatAModuleLost() throws {
    let ids: [UInt64] = try file("AGIPD09-S00001").read("INDEX/trainId")
    #expect(ids.filter { $0 != 0 } == [10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23].map { 1_420_045_000 + $0 })
  }

  @Test func indexesTheFrames() throws {
    let file = try file("AGIPD03-S00000")
    let index = "INDEX/SPB_DET_AGIPD1M-1/DET/3CH0:xtdf/image/"
    #expect(try file.read(index + "count") == [0, 2, 0, 0, 0, 2, 0, 0, 0, 2] as [UInt64])
    #expect(try file.read(index + "first") == [0, 0, 2, 2, 2, 2, 4, 4, 4, 4] as [UInt64])
    #expect(try file.shape(image + "/data") == [6, 2, 512, 128])
    #expect(try file.chunk(image + "/data") == [1, 2, 512, 128])
    #expect(try file.filters(image + "/data").isEmpty)
    #expect(try file.shape(image + "/pulseId") == [6, 1])
    #expect(try file.read(image + "/pulseId") == [8, 68, 8, 68, 8, 68] as [UInt64])
    #expect(try file.read(image + "/cellId") == [2, 17, 2, 17, 2, 17] as [UInt16])
  }

  @Test func showsRingsThatFollowThePulseEnergy() throws {
    let pixels: [UInt16] = try file("AGIPD03-S00000").read(image + "/data")
    let energies: [Float] = try file("DA01-S00000")
      .read("INSTRUMENT/SA1_XTD2_XGM/XGM/DOOCS:output/data/intensityTD")
    var onRing: [Int] = []
    var between: [Int] = []
    for slow in 0..<512 {
      for fast in 0..<128 {
        let (x, y) = AGIPDGeometry.position(module: 3, slow: slow, fast: fast)
        let radius = (x * x + y * y).squareRoot()
        if abs(radius - 209) < 2 { onRing.append(slow * 128 + fast) }
        if abs(radius - 290) < 4 { between.append(slow * 128 + fast) }
      }
    }
    func mean(_ places: [Int], frame: Int) -> Float {
      Float(places.reduce(0) { $0 + Int(pixels[frame * 2 * 65536 + $1]) }) / Float(places.count)
    }
    var ratios: [Float] = []
    for (frame, train) in [1, 1, 5, 5, 9, 9].enumerated() {
      let height = mean(onRing, frame: frame) - mean(between, frame: frame)
      let pulse = frame % 2 == 0 ? 2 : 17
      ratios.append(height / energies[train * 1000 + pulse])
    }
    #expect(onRing.count > 200)
    #expect(ratios[0] > 0.5)
    #expect(ratios.allSatisfy { abs($0 - ratios[0]) < 0.02 })
  }

  @Test func namesItsSources() throws {
    let file = try file("DA01-S00001")
    #expect(
      try file.strings("METADATA/dataSources/dataSourceId").filter { !$0.isEmpty } == [
        "CONTROL/SA1_XTD2_XGM/XGM/DOOCS", "CONTROL/SPB_IRU_SIDEMIC/CAM/BEAMVIEW", "CONTROL/SPB_IRU_INJMOV/MOTOR/Y",
        "INSTRUMENT/SA1_XTD2_XGM/XGM/DOOCS:output/data", "INSTRUMENT/SPB_IRU_SIDEMIC/CAM/BEAMVIEW:daqOutput/data",
        "INSTRUMENT/SPB_EXP_SLOW/DIAG/SPECTRUM:output/data",
      ])
    #expect(try file.strings("METADATA/dataFormatVersion") == ["1.3"])
    #expect(try file.read("METADATA/sequenceNumber") == [1] as [UInt32])
    #expect(try file.strings("RUN/SA1_XTD2_XGM/XGM/DOOCS/classId/value") == ["DoocsXGM"])
    #expect(try file.attribute("unitSymbol", of: "CONTROL/SA1_XTD2_XGM/XGM/DOOCS/pulseEnergy/photonFlux") == "J")
    #expect(try file.strings("CONTROL/SPB_IRU_INJMOV/MOTOR/Y/state/value").prefix(6).contains("MOVING"))
  }

  @Test func storesPropertiesOncePerTrainAndPadded() throws {
    let file = try file("DA01-S00000")
    let source = "SA1_XTD2_XGM/XGM/DOOCS"
    let positions: [Float] = try file.read("CONTROL/\(source)/beamPosition/ixPos/value")
    #expect(positions.count == 16)
    #expect(positions[12...].allSatisfy { $0 == 0 })
    #expect(positions[11] > positions[0] + 0.2)
    #expect(try file.read("RUN/\(source)/beamPosition/ixPos/value") == [positions[0]])
    #expect(try file.read("INDEX/\(source)/count") == [UInt64](repeating: 1, count: 12))
  }

  @Test func compressesTheCamera() throws {
    let file = try file("DA01-S00000")
    let pixels = "INSTRUMENT/SPB_IRU_SIDEMIC/CAM/BEAMVIEW:daqOutput/data/image/pixels"
    #expect(try file.shape(pixels) == [11, 96, 128])
    #expect(try file.filters(pixels) == [2, 1])
    let image: ArraySlice<UInt16> = try file.read(pixels)[..<(96 * 128)]
    let brightest = try #require(image.indices.max { image[$0] < image[$1] })
    let spot = Camera.spot(Train(index: 0))
    #expect(abs(Double(brightest / 128) - spot.row) < 4)
    #expect(abs(Double(brightest % 128) - spot.column) < 4)
  }

  @Test func letsTheSlowSourceMissTrains() throws {
    let index = "INDEX/SPB_EXP_SLOW/DIAG/SPECTRUM:output/data/count"
    #expect(try file("DA01-S00000").read(index) == [1, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0] as [UInt64])
    #expect(try file("DA01-S00001").read(index) == [1, 0, 0, 2, 0, 0, 1, 0, 0, 1, 0, 0] as [UInt64])
  }

  @Test func isTheSameEachTime() throws {
    let first = try Self.run.get().directory.path
    let second = try TemporaryDirectory()
    try ExampleRun.write(to: second.path)
    for name in TemporaryDirectory.names(in: first) {
      let isSame = try contents(of: first + "/" + name) == contents(of: second.path + "/" + name)
      #expect(isSame, "\(name) differs")
    }
  }
}

private func unlinkAll(_ directory: String) {
  for name in TemporaryDirectory.names(in: directory) { unlink(directory + "/" + name) }
  rmdir(directory)
}
