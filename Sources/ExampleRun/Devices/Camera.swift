import Glibc
import HDF5

/// The camera behind the detector, which sees the beam as a spot that drifts; its images are compressed.
struct Camera: ControlSource, InstrumentSource {
  static let height = 96
  static let width = 128
  /// The train whose frame got lost.
  static let droppedIndex = 5
  private static let millimetresPerPixel = 0.02
  private static let darkLevel = 96.0

  let controlName = "SPB_IRU_SIDEMIC/CAM/BEAMVIEW"
  let instrumentName = "SPB_IRU_SIDEMIC/CAM/BEAMVIEW:daqOutput"

  func properties(_ trains: [Train]) -> [Property] {
    func constant<T: Number>(_ value: T) -> Values { Values(trains.map { _ in value }) }
    return [
      Property(key: "exposureTime", values: constant(120.0), unit: .microsecond, description: "Time of exposure"),
      Property(key: "acqFrameCount", values: Values(trains.map { UInt32(51_200 + $0.index) }), changes: true),
      Property(key: "binning", values: Values(trains.flatMap { _ in [Int32(1), 1] }), entryShape: [2]),
      Property(key: "state", values: .strings(trains.map { _ in "ACQUIRING" })),
    ]
  }

  let runOnlyProperties = [
    Property(key: "classId", values: .strings(["LimaBaslerCamera"])),
    Property(key: "sensor.model", values: .strings(["acA640-120gm"])),
  ]

  func groups(_ trains: [Train]) -> [DataGroup] {
    let seen = trains.filter { $0.index != Self.droppedIndex }
    func constant<T: Number>(_ value: T) -> Values { Values(seen.map { _ in value }) }
    func pair<T: Number>(_ first: T, _ second: T) -> Values { Values(seen.flatMap { _ in [first, second] }) }
    let columns = [
      Column(path: "trainId", values: Values(seen.map(\.id))),
      Column(
        path: "image/pixels", values: Values(seen.flatMap { Self.image($0) }), entryShape: [Self.height, Self.width],
        chunkLength: 1, isPadded: false, isCompressed: true),
      Column(path: "image/bitsPerPixel", values: constant(Int32(12))),
      Column(path: "image/dims", values: pair(UInt64(Self.width), UInt64(Self.height)), entryShape: [2]),
      Column(path: "image/encoding", values: constant(Int32(0))),
      Column(path: "image/flipX", values: constant(UInt8(0))),
      Column(path: "image/roiOffsets", values: pair(UInt64(0), UInt64(0)), entryShape: [2]),
    ]
    return [DataGroup(name: "data", counts: trains.map { $0.index == Self.droppedIndex ? 0 : 1 }, columns: columns)]
  }

  /// Where the spot is, in pixels from the upper left corner.
  static func spot(_ train: Train) -> (row: Double, column: Double) {
    (Double(height) / 2 - train.beamY / millimetresPerPixel, Double(width) / 2 + train.beamX / millimetresPerPixel)
  }

  private static func image(_ train: Train) -> [UInt16] {
    let (row, column) = spot(train)
    // The spot is a product of two profiles: 224 exponentials instead of 12,288.
    let vertical = (0..<height).map { profile(Double($0) - row, width: 5) }
    let horizontal = (0..<width).map { profile(Double($0) - column, width: 7) }
    let peak = Double(train.meanEnergy) * 2
    var noise = Noise(.images, train.index)
    return vertical.flatMap { up in
      horizontal.map { across in
        let signal = peak * up * across
        return UInt16(min(4095, max(0, darkLevel + signal + (4 + 0.02 * signal) * noise.normal())))
      }
    }
  }

  private static func profile(_ distance: Double, width: Double) -> Double {
    exp(-distance * distance / (2 * width * width))
  }
}
