import Glibc

/// What a powder scatters: rings around the beam over a halo, for a pulse of 1 mJ, in detector units.
struct DiffractionRings: Sendable {
  static let shared = DiffractionRings()
  /// Radius in pixels, height, width.
  static let rings: [(radius: Double, height: Double, width: Double)] = [
    (148, 1300, 5), (209, 1100, 5), (256, 700, 6), (331, 900, 6), (370, 420, 7), (447, 520, 7), (540, 260, 8),
    (608, 200, 8),
  ]
  private static let samplesPerPixel = 4
  private static let largestRadius = 1000

  /// By radius in quarters of a pixel: the exponentials are taken once, not for each of a million pixels.
  private let profile: [Float]

  private init() {
    profile = (0...Self.largestRadius * Self.samplesPerPixel).map { sample in
      let radius = Double(sample) / Double(Self.samplesPerPixel)
      let halo = 6000 * exp(-radius / 45) + 90 * exp(-radius / 400)
      return Float(
        Self.rings.reduce(halo) { sum, ring in
          let distance = (radius - ring.radius) / ring.width
          return sum + ring.height * exp(-distance * distance / 2)
        })
    }
  }

  /// The signal in each pixel of a module, in C order.
  func signal(module: Int) -> [Float] {
    var signal: [Float] = []
    signal.reserveCapacity(AGIPDGeometry.slowPixels * AGIPDGeometry.fastPixels)
    for slow in 0..<AGIPDGeometry.slowPixels {
      for fast in 0..<AGIPDGeometry.fastPixels {
        let (x, y) = AGIPDGeometry.position(module: module, slow: slow, fast: fast)
        let sample = Int((x * x + y * y).squareRoot() * Double(Self.samplesPerPixel))
        signal.append(profile[min(sample, profile.count - 1)])
      }
    }
    return signal
  }
}
