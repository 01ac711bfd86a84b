import HDF5

/// A stage that moves the sample from train to train: properties of every kind, among them bools, strings and vectors.
struct Motor: ControlSource {
  let controlName = "SPB_IRU_INJMOV/MOTOR/Y"

  func properties(_ trains: [Train]) -> [Property] {
    func constant<T: Number>(_ value: T) -> Values { Values(trains.map { _ in value }) }
    let isMoving = trains.map { $0.index % 6 >= 4 }
    return [
      Property(
        key: "actualPosition", values: Values(trains.map { Self.position($0) }), unit: .millimetre,
        description: "Actual position of the motor", changes: true),
      Property(
        key: "targetPosition", values: Values(trains.map { Self.target($0) }), unit: .millimetre, changes: true),
      Property(
        key: "stepCounterPosition", values: Values(trains.map { Int32(Self.position($0) * 1600) }), changes: true),
      // The bools of most Karabo devices are stored as numbers, as here; those of some as the enumeration of h5py.
      Property(key: "isCCWLimit", values: constant(UInt8(0))),
      Property(key: "isCWLimit", values: constant(UInt8(0))),
      Property(key: "isOnTarget", values: .bools(isMoving.map { !$0 }), changes: true),
      Property(key: "softLimits", values: Values(trains.flatMap { _ in [Float(-12.5), 12.5] }), entryShape: [2]),
      Property(
        key: "hardwareStatusBitField", values: Values(isMoving.map { $0 ? UInt32(0x1021) : 0x0021 }), changes: true),
      Property(key: "state", values: .strings(isMoving.map { $0 ? "MOVING" : "STATIC" }), changes: true),
    ]
  }

  let runOnlyProperties = [
    Property(key: "classId", values: .strings(["BeckhoffSimpleMotor"])),
    Property(key: "terminal", values: .strings(["EL7041"])),
    Property(key: "lastCommand", values: .strings([""])),
  ]

  private static func target(_ train: Train) -> Float { -1.5 + 0.75 * Float((train.index + 2) / 6) }

  /// On its way during the last two trains of six, then settled to a few micrometres.
  private static func position(_ train: Train) -> Float {
    var noise = Noise(.motor, train.index)
    let behind: Float = train.index % 6 == 4 ? 0.5 : train.index % 6 == 5 ? 0.2 : 0
    return target(train) - behind + Float(0.002 * noise.normal())
  }
}
