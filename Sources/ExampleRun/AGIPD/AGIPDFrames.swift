/// Raw images of one module: for each frame a plane of measured values, then a plane that tells the gain stage.
struct AGIPDFrames {
  private static let pixelCount = AGIPDGeometry.slowPixels * AGIPDGeometry.fastPixels
  /// Where a pixel leaves the stage of high gain.
  private static let switchingSignal: Float = 3000
  private static let mediumGainRatio: Float = 28

  let module: Int
  private let signal: [Float]
  /// What each pixel shows in the dark.
  private let pedestal: [Float]

  init(module: Int) {
    self.module = module
    signal = DiffractionRings.shared.signal(module: module)
    var noise = Noise(.pedestals, module)
    let level = 5200 + 40 * Float(noise.normal())
    pedestal = NoiseTable.shared.withStretch(of: Self.pixelCount / 2, from: &noise) { stretch in
      (0..<Self.pixelCount).map { level + 25 * stretch[$0 % stretch.count] }
    }
  }

  /// The frames of these pulses one after the other, each (2, 512, 128).
  func images(of pulses: [(train: Train, pulse: Int)]) -> [UInt16] {
    [UInt16](unsafeUninitializedCapacity: pulses.count * 2 * Self.pixelCount) { buffer, count in
      for (frame, (train, pulse)) in pulses.enumerated() {
        let start = frame * 2 * Self.pixelCount
        var noise = Noise(.frames, module, train.index, pulse)
        expose(
          energy: train.pulseEnergies[pulse] / 1000, &noise,
          analog: UnsafeMutableBufferPointer(rebasing: buffer[start..<start + Self.pixelCount]),
          gain: UnsafeMutableBufferPointer(rebasing: buffer[start + Self.pixelCount..<start + 2 * Self.pixelCount]))
      }
      count = buffer.count
    }
  }

  /// Row by row, each with its own stretch of the noise table.
  private func expose(
    energy: Float, _ noise: inout Noise, analog: UnsafeMutableBufferPointer<UInt16>,
    gain: UnsafeMutableBufferPointer<UInt16>
  ) {
    let width = AGIPDGeometry.fastPixels
    signal.withUnsafeBufferPointer { signal in
      pedestal.withUnsafeBufferPointer { pedestal in
        for row in 0..<AGIPDGeometry.slowPixels {
          NoiseTable.shared.withStretch(of: 2 * width, from: &noise) { stretch in
            for column in 0..<width {
              let pixel = row * width + column
              let seen = signal[pixel] * energy
              let isSwitched = seen > Self.switchingSignal
              let level = isSwitched ? seen / Self.mediumGainRatio : seen + 0.03 * seen * stretch[column]
              analog[pixel] = UInt16(pedestal[pixel] + level + 9 * stretch[column])
              gain[pixel] = UInt16((isSwitched ? 8200 : 6300) + 20 * stretch[width + column])
            }
          }
        }
      }
    }
  }
}
