internal import RawHDF5

/// A small run with one of everything: two sequences of one aggregator, another that begins later, padding, several index
/// groups, a legacy name, text, bool, big-endian and structured elements, a source that misses trains, one of the run only.
public enum SmallRun {
  public static let first: UInt64 = 10_000

  /// - Parameter detector: with a name such as `SPB_DET_AGIPD1M-1` it is one that has its modules stacked.
  public static func files(version: String? = "1.3", detector name: String = "D") -> [MadeFile] {
    let early = file("RAW-R0001-DA01-S00000.h5", version, trains: 0..<4, pulses: [2, 0, 1, 3], images: [1, 0, 1, 1])
    let late = file("RAW-R0001-DA01-S00001.h5", version, trains: 4..<6, pulses: [1, 1], images: [0, 1])
    var detector = MadeFile(
      "CORR-R0001-AGIPD00-S00000.h5", version: version, trainIDs: (1..<6).map { first + $0 },
      timestamps: version == nil ? nil : (1..<6).map(timestamp), flags: version == nil ? nil : [1, 1, 1, 1, 1],
      [
        .instrument(
          "\(name)/CORR/0CH0:output",
          [
            MadeGroup(
              "image", counts: [2, 2, 0, 2, 2],
              [
                MadeKey("image/data", numbers(8 * 6, seed: 1) as [Float], entry: [3, 2]).chunked(
                  3, .shuffle, .deflate(level: 1)),
                MadeKey("image/cellId", (0..<8).map { UInt16($0 % 2) }),
              ]),
            MadeGroup(
              "header", counts: [1, 1, 1, 1, 1], [MadeKey("header/pulseCount", [UInt64](repeating: 2, count: 9))]),
          ])
      ])
    detector.padding = 3
    detector.legacy = [("\(name)/DET/0CH0:xtdf", "\(name)/CORR/0CH0:output")]
    return [late, detector, early]
  }

  static func timestamp(_ train: UInt64) -> UInt64 { 1_700_000_000_000_000_000 + train * 100_000_000 }

  /// Numbers that are written in few digits.
  private static func numbers<Number: RawNumber & BinaryFloatingPoint>(_ count: Int, seed: UInt64) -> [Number] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Number(random.below(4000)) / 8 - 100 }
  }

  private static func file(
    _ name: String, _ version: String?, trains: Range<UInt64>, pulses: [UInt64], images: [UInt64]
  ) -> MadeFile {
    let count = trains.count
    let pulseRows = Int(pulses.reduce(0, +))
    // One row more than the index says.
    let imageRows = Int(images.reduce(0, +)) + 1
    var random = SeededGenerator(seed: trains.lowerBound + 5)
    let words = trains.map { ["ON", "OFF", "say \"hi\", twice", "μ"][Int($0) % 4] }
    let point = RawType.compound(size: 8, [("x", 0, .uint8), ("y", 4, .float32)])
    let energy = MadeKey("energy/value", numbers(count, seed: trains.lowerBound + 2) as [Float])
    return MadeFile(
      name, version: version, trainIDs: trains.map { first + $0 },
      timestamps: version == nil ? nil : trains.map(timestamp),
      flags: version == nil ? nil : trains.map { $0 == 2 ? 0 : 1 },
      [
        .control(
          "S/XGM/1",
          [
            energy.inUnits("J", prefix: "u", ofGroup: true), MadeKey("energy/timestamp", trains.map { UInt64($0) }),
            MadeKey("state/value", words),
            MadeKey("isOpen/value", .boolean, shape: [count], .bytes(trains.map { UInt8($0 % 2) })),
            MadeKey(
              "wave/value", .integer(size: 2, signed: false, bigEndian: true), shape: [count, 3],
              .bytes(random.bytes(count: count * 6))),
          ], index: .everyTrain(count), run: [MadeKey("classId/value", ["XGM"]), MadeKey("limit/value", [Int32(-5)])]),
        .instrument(
          "S/XGM/1:output",
          [
            MadeGroup(
              "data", counts: pulses,
              [
                MadeKey("data/intensity", numbers(pulseRows * 4, seed: trains.lowerBound + 9) as [Double], entry: [4]),
                MadeKey("data/n", (0..<pulseRows).map { Int16($0) - 2 }),
              ])
          ]),
        .instrument(
          "S/CAM/1:out",
          [
            MadeGroup(
              "data", counts: images,
              [
                MadeKey("data/image", .uint16, shape: [imageRows, 3, 2], .bytes(random.bytes(count: imageRows * 12)))
                  .chunked(2),
                MadeKey("data/point", point, shape: [imageRows], .bytes(random.bytes(count: imageRows * 8))),
                MadeKey("data/exposure", numbers(imageRows, seed: 3) as [Double]),
                MadeKey("data/odd", .sequence(.uint8), shape: [imageRows], .none),
              ])
          ]),
        MadeSource(name: "S/TOP/1", isControl: true, groups: [], runValues: [MadeKey("a/b/value", [UInt8(7)])]),
      ])
  }
}
