/// Random numbers that are the same each time: SplitMix64, seeded from what the numbers are for, so that adding a device
/// does not change the data of another.
struct Noise: RandomNumberGenerator {
  private var state: UInt64

  init(_ purpose: Purpose, _ parts: Int...) {
    state = purpose.rawValue
    for part in parts { state = next() ^ UInt64(bitPattern: Int64(part)) }
  }

  enum Purpose: UInt64 {
    case timing = 1
    case pulses, beam, pedestals, frames, images, spectra, motor, table
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Nearly normal, mean 0 and deviation 1: the sum of four uniform numbers, which needs no libm, whose last digit differs
  /// between versions.
  mutating func normal() -> Double {
    let bits = next()
    let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
    return (Double(sum) / 65536 - 2) * 1.7320508
  }
}

/// Normal numbers made once and read from random places: a detector needs 25 million of them.
struct NoiseTable: Sendable {
  static let shared = NoiseTable()

  private let values: [Float]

  private init() {
    var noise = Noise(.table)
    values = (0..<(1 << 16)).map { _ in Float(noise.normal()) }
  }

  /// Calls `body` with a stretch of `count` numbers that starts at a random place.
  func withStretch<R>(of count: Int, from noise: inout Noise, _ body: (UnsafeBufferPointer<Float>) -> R) -> R {
    let start = Int(noise.next() % UInt64(values.count - count))
    return values.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[start..<start + count])) }
  }
}
