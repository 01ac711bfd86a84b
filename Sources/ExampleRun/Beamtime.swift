import Glibc

/// What happened during the run, as all its devices saw it, and in which files the data acquisition put it.
///
/// 2.4 seconds: 24 trains of 30 pulses. What is not as tidy as one would like, because no real run is:
///
/// - the aggregator and the detector split the run into sequences at different trains;
/// - the detector has images for every fourth train only (the pulse picker was set so), two a train;
/// - module 9 lost one train altogether;
/// - one train is marked suspect (flag 0);
/// - the camera dropped a frame; the spectrometer has an entry for every third train, and two for some.
struct Beamtime: Sendable {
  static let proposal: UInt32 = 700_000
  static let run: UInt32 = 42
  static let trainCount = 24
  /// The first train that the second file of the aggregator, and of the detector modules, holds.
  static let aggregatorCut = 12
  static let detectorCut = 10
  static let moduleWithGap = 9
  static let trainLostByModule = 17

  let trains = (0..<Beamtime.trainCount).map { Train(index: $0) }

  /// When the run ended, in seconds since 1970.
  var end: Int { Int(Train.runStart / 1_000_000_000) + 3 }

  var aggregatorSequences: [[Train]] { split(trains, at: Self.aggregatorCut) }

  func trains(ofModule number: Int) -> [[Train]] {
    let lost = number == Self.moduleWithGap ? Self.trainLostByModule : nil
    return split(trains.filter { $0.index != lost }, at: Self.detectorCut)
  }

  private func split(_ trains: [Train], at cut: Int) -> [[Train]] {
    [trains.filter { $0.index < cut }, trains.filter { $0.index >= cut }]
  }
}

/// One train: a burst of pulses every tenth of a second.
struct Train: Sendable {
  static let firstID: UInt64 = 1_420_045_000
  /// 2023-01-17T09:30:12Z in nanoseconds.
  static let runStart: UInt64 = 1_673_947_812_000_000_000
  static let pulseCount = 30
  static let suspectIndex = 7

  let index: Int
  /// Energy of each pulse in µJ.
  let pulseEnergies: [Float]
  /// Where the beam is, in mm.
  let beamX: Double
  let beamY: Double
  /// Nanoseconds since 1970.
  let timestamp: UInt64

  init(index: Int) {
    self.index = index
    let phase = Double(index) / Double(Beamtime.trainCount)
    var timing = Noise(.timing, index)
    timestamp = Self.runStart + UInt64(index) * 100_000_000 + timing.next() % 40_000
    var beam = Noise(.beam, index)
    beamX = -0.35 + 0.9 * phase + 0.015 * beam.normal()
    beamY = 0.12 + 0.25 * sin(2 * .pi * phase) + 0.015 * beam.normal()
    var pulses = Noise(.pulses, index)
    let mean = 1150 + 350 * sin(2 * .pi * phase + 0.6)
    pulseEnergies = (0..<Self.pulseCount).map { pulse in
      Float(max(50, mean * (1 - 0.004 * Double(pulse)) + 60 * pulses.normal()))
    }
  }

  var id: UInt64 { Self.firstID + UInt64(index) }
  var isSuspect: Bool { index == Self.suspectIndex }
  var meanEnergy: Float { pulseEnergies.reduce(0, +) / Float(pulseEnergies.count) }

  /// The pulses whose frames the detector kept, as positions in the train; none for most trains.
  var recordedPulses: [Int] { index % 4 == 1 ? [2, 17] : [] }

  /// The number that detectors give a pulse: ticks of 4.5 MHz, of which every fourth has a pulse.
  static func pulseID(_ pulse: Int) -> UInt64 { UInt64(4 * pulse) }
}
