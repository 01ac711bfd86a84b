import Glibc
import HDF5

/// A slow instrument: a spectrum for every third train, now and then two, none in between.
struct Spectrometer: InstrumentSource {
  static let binCount = 256
  private static let firstEnergy = 9.28
  private static let energyStep = 0.0002

  let instrumentName = "SPB_EXP_SLOW/DIAG/SPECTRUM:output"

  static func entryCount(_ train: Train) -> Int {
    guard train.index % 3 == 0 else { return 0 }
    return train.index % 9 == 6 ? 2 : 1
  }

  func groups(_ trains: [Train]) -> [DataGroup] {
    let counts = trains.map { Self.entryCount($0) }
    let entries = trains.flatMap { train in (0..<Self.entryCount(train)).map { (train: train, number: $0) } }
    let columns = [
      Column(path: "trainId", values: Values(entries.map(\.train.id))),
      Column(
        path: "spectrum", values: Values(entries.flatMap { Self.spectrum($0.train, $0.number) }),
        entryShape: [Self.binCount]),
      Column(
        path: "centerEnergy", values: Values(entries.map { Self.centre($0.train) }),
        attributes: Unit.kiloelectronvolt.attributes),
      Column(path: "exposure", values: Values(entries.map { Int32(1 + $0.number) })),
    ]
    return [DataGroup(name: "data", counts: counts, columns: columns)]
  }

  private static func centre(_ train: Train) -> Double { 9.3056 + 0.004 * train.beamX }

  private static func spectrum(_ train: Train, _ number: Int) -> [Float] {
    var noise = Noise(.spectra, train.index, number)
    let centre = centre(train)
    return (0..<binCount).map { bin in
      let distance = (firstEnergy + energyStep * Double(bin) - centre) / 0.006
      return Float(
        Double(train.meanEnergy) * exp(-distance * distance / 2) * (1 + 0.3 * noise.normal()) + noise.normal())
    }
  }
}
