import HDF5

/// A device with properties that the data acquisition notes once a train.
protocol ControlSource: Sendable {
  /// The Karabo name, such as `SA1_XTD2_XGM/XGM/DOOCS`.
  var controlName: String { get }
  /// The properties, with one entry for each of the trains.
  func properties(_ trains: [Train]) -> [Property]
  /// What is noted at the start of the run only.
  var runOnlyProperties: [Property] { get }
}

/// A device, or one of its output channels, with data of its own rhythm.
protocol InstrumentSource: Sendable {
  /// The Karabo name, such as `SA1_XTD2_XGM/XGM/DOOCS:output`.
  var instrumentName: String { get }
  /// The index groups with their data in these trains.
  func groups(_ trains: [Train]) -> [DataGroup]
}

/// A property of a control source: a value and the time it was set, for each train.
struct Property: Sendable {
  /// The key with dots, such as `pulseEnergy.photonFlux`.
  let key: String
  let values: Values
  var entryShape: [Int] = []
  var unit: Unit?
  var description: String?
  /// Whether it is set anew for each train; otherwise its time stamp is that of the start of the run.
  var changes = false

  var path: String { String(key.map { $0 == "." ? "/" : $0 }) }

  var attributes: [Attribute] {
    let said = description.map { [Attribute(name: "description", value: .text($0))] } ?? []
    return said + (unit?.attributes ?? []) + [Attribute(name: "daqPolicy", value: .integer(-1))]
  }

  func timestamps(_ trains: [Train]) -> [UInt64] {
    // A device reports a little before its train is closed.
    trains.map { changes ? $0.timestamp - 3_000_000 : Train.runStart - 5_000_000_000 }
  }
}

/// The part of an instrument source that has one index: how many entries each train has, and the datasets they are in.
struct DataGroup: Sendable {
  let name: String
  let counts: [Int]
  let columns: [Column]
}

/// A physical unit as Karabo spells it in attributes.
struct Unit: Sendable {
  let name: String
  let symbol: String
  let prefix: (name: String, symbol: String)?

  static let millimetre = Unit(name: "meter", symbol: "m", prefix: ("milli", "m"))
  static let nanometre = Unit(name: "meter", symbol: "m", prefix: ("nano", "n"))
  static let microjoule = Unit(name: "joule", symbol: "J", prefix: ("micro", "u"))
  static let microsecond = Unit(name: "second", symbol: "s", prefix: ("micro", "u"))
  static let kiloelectronvolt = Unit(name: "electron volt", symbol: "eV", prefix: ("kilo", "k"))
  static let pascal = Unit(name: "pascal", symbol: "Pa", prefix: nil)

  var attributes: [Attribute] {
    let prefixed =
      prefix.map {
        [
          Attribute(name: "metricPrefixName", value: .text($0.name)),
          Attribute(name: "metricPrefixSymbol", value: .text($0.symbol)),
        ]
      } ?? []
    return prefixed + [
      Attribute(name: "unitName", value: .text(name)),
      Attribute(name: "unitSymbol", value: .text(symbol)),
    ]
  }
}
