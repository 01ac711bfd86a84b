import HDF5

/// One of the sixteen modules of the detector, as its train builder writes it: images with a leading axis of frames, and
/// header, trailer and detector-specific data once a train.
struct AGIPDModule: InstrumentSource {
  static let count = 16
  static let detectorName = "SPB_DET_AGIPD1M-1"

  let number: Int

  /// The data aggregator, which is part of the file's name.
  var aggregator: String { "AGIPD" + DataFile.padded(number, to: 2) }
  var instrumentName: String { "\(Self.detectorName)/DET/\(number)CH0:xtdf" }

  func groups(_ trains: [Train]) -> [DataGroup] {
    let once = trains.map { _ in 1 }
    return [
      DataGroup(name: "detector", counts: once, columns: detector(trains)),
      DataGroup(name: "header", counts: once, columns: header(trains)),
      DataGroup(name: "image", counts: trains.map(\.recordedPulses.count), columns: image(trains)),
      DataGroup(name: "trailer", counts: once, columns: trailer(trains)),
    ]
  }

  private func image(_ trains: [Train]) -> [Column] {
    let pulses = trains.flatMap { train in train.recordedPulses.map { (train: train, pulse: $0) } }
    func column<T: Number>(_ path: String, _ values: [T]) -> Column {
      Column(path: path, values: Values(values), entryShape: [1], isPadded: false)
    }
    return [
      Column(
        path: "data", values: Values(AGIPDFrames(module: number).images(of: pulses)),
        entryShape: [2, AGIPDGeometry.slowPixels, AGIPDGeometry.fastPixels], chunkLength: 1, isPadded: false),
      column("trainId", pulses.map(\.train.id)),
      column("pulseId", pulses.map { Train.pulseID($0.pulse) }),
      column("cellId", pulses.map { UInt16($0.pulse) }),
      column("length", pulses.map { _ in UInt32(2 * 2 * AGIPDGeometry.slowPixels * AGIPDGeometry.fastPixels) }),
      column("status", pulses.map { _ in UInt16(0) }),
    ]
  }

  private func header(_ trains: [Train]) -> [Column] {
    func constant<T: Number>(_ value: T) -> Values { Values(trains.map { _ in value }) }
    return [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(path: "dataId", values: constant(UInt64(0))),
      Column(path: "linkId", values: constant(UInt64(number))),
      Column(path: "magicNumberBegin", values: magic(trains, [-50, -6, 84, 66, 69, 71, 73, 78]), entryShape: [8]),
      Column(path: "majorTrainFormatVersion", values: constant(UInt32(2))),
      Column(path: "minorTrainFormatVersion", values: constant(UInt32(1))),
      Column(path: "pulseCount", values: Values(trains.map { UInt64($0.recordedPulses.count) })),
      Column(
        path: "reserved", values: Values(trains.flatMap { _ in [UInt8](repeating: 0, count: 16) }), entryShape: [16]),
    ]
  }

  private func trailer(_ trains: [Train]) -> [Column] {
    [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(
        path: "checksum", values: Values(trains.flatMap { _ in [Int8](repeating: 0, count: 16) }), entryShape: [16]),
      Column(path: "magicNumberEnd", values: magic(trains, [-50, -6, 84, 69, 78, 68, 33, 33]), entryShape: [8]),
      Column(path: "status", values: Values(trains.map { _ in UInt64(0) })),
    ]
  }

  /// What the front end adds: here a counter of trains in the first bytes.
  private func detector(_ trains: [Train]) -> [Column] {
    let byteCount = 416
    return [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(
        path: "data",
        values: Values(trains.flatMap { [UInt8($0.index)] + [UInt8](repeating: 0, count: byteCount - 1) }),
        entryShape: [byteCount]),
    ]
  }

  private func magic(_ trains: [Train], _ bytes: [Int8]) -> Values { Values(trains.flatMap { _ in bytes }) }
}
