import HDF5

/// The X-ray gas monitor: where the beam is and how strong.
struct XGM: ControlSource, InstrumentSource {
  static let wavelength: Float = 0.1333
  /// Room for the pulses of a train; what no pulse has filled is 1.
  static let pulseSlots = 1000

  let controlName = "SA1_XTD2_XGM/XGM/DOOCS"
  let instrumentName = "SA1_XTD2_XGM/XGM/DOOCS:output"

  func properties(_ trains: [Train]) -> [Property] {
    func constant<T: Number>(_ value: T) -> Values { Values(trains.map { _ in value }) }
    return [
      Property(
        key: "beamPosition.ixPos", values: Values(trains.map { Float($0.beamX) }), unit: .millimetre,
        description: "Calculated X position [mm]", changes: true),
      Property(
        key: "beamPosition.iyPos", values: Values(trains.map { Float($0.beamY) }), unit: .millimetre,
        description: "Calculated Y position [mm]", changes: true),
      Property(
        key: "pulseEnergy.photonFlux", values: Values(trains.map(\.meanEnergy)), unit: .microjoule,
        description: "Mean energy of the pulses of the train", changes: true),
      Property(key: "pulseEnergy.numberOfBunchesActual", values: constant(Int32(Train.pulseCount))),
      Property(key: "pulseEnergy.wavelengthUsed", values: constant(Self.wavelength), unit: .nanometre),
      Property(
        key: "pressure.pressureFiltered", values: Values(trains.map { 0.0214 + 0.0002 * Float($0.index % 3) }),
        unit: .pascal, changes: true),
      Property(key: "gasSupply.gasTypeId", values: constant(Int32(2))),
      Property(key: "pollingInterval", values: constant(Int32(1))),
      Property(key: "state", values: .strings(trains.map { _ in "ON" })),
    ]
  }

  let runOnlyProperties = [
    Property(key: "classId", values: .strings(["DoocsXGM"])),
    Property(key: "classVersion", values: .strings(["xgmDoocs-2.11.4"])),
    Property(key: "doocsServer", values: .strings(["XFEL.FEL/XGM/XGM.2643.T9"])),
  ]

  func groups(_ trains: [Train]) -> [DataGroup] {
    func slots(_ values: (Train) -> [Float]) -> Values {
      Values(
        trains.flatMap { train in
          let pulses = values(train)
          return pulses + [Float](repeating: 1, count: Self.pulseSlots - pulses.count)
        })
    }
    let columns = [
      Column(path: "trainId", values: Values(trains.map(\.id))),
      Column(
        path: "intensityTD", values: slots(\.pulseEnergies), entryShape: [Self.pulseSlots],
        attributes: Unit.microjoule.attributes),
      Column(
        path: "xTD", values: slots { train in train.pulseEnergies.map { _ in Float(train.beamX) } },
        entryShape: [Self.pulseSlots], attributes: Unit.millimetre.attributes),
      Column(
        path: "yTD", values: slots { train in train.pulseEnergies.map { _ in Float(train.beamY) } },
        entryShape: [Self.pulseSlots], attributes: Unit.millimetre.attributes),
    ]
    return [DataGroup(name: "data", counts: trains.map { _ in 1 }, columns: columns)]
  }
}
