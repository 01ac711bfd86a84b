/// Where the pixels of an AGIPD-1M are: four quadrants of four modules around a hole for the beam, each quadrant moved
/// outwards by itself. The measures are those of SPB/SFX, in pixels of 0.2 mm from the beam, y upwards.
///
///     Q1  0..3  | Q4 12..15        A module has eight chips of 64 x 128 pixels in a row along its slow axis,
///     ----------+----------        with a gap of two pixels between them.
///     Q2  4..7  | Q3  8..11
enum AGIPDGeometry {
  static let slowPixels = 512
  static let fastPixels = 128
  private static let chipPixels = 64
  private static let chipGap = 2
  /// From one module of a quadrant to the next.
  private static let modulePitch = 128 + 29
  private static let quadrants: [(x: Double, y: Double, slowDirection: Double, fastDirection: Double)] = [
    (-525, 625, 1, -1), (-550, -10, 1, -1), (520, -160, -1, 1), (542.5, 475, -1, 1),
  ]

  /// The centre of a pixel.
  static func position(module: Int, slow: Int, fast: Int) -> (x: Double, y: Double) {
    let quadrant = quadrants[module / 4]
    let along = Double(slow + chipGap * (slow / chipPixels)) + 0.5
    return (
      quadrant.x + quadrant.slowDirection * along,
      quadrant.y - Double(module % 4 * modulePitch) + quadrant.fastDirection * (Double(fast) + 0.5)
    )
  }
}
