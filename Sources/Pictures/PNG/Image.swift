/// Numbers on a grid, row by row from the top; NaN where there is nothing.
public struct Image: Hashable, Sendable {
  public let width: Int
  public let height: Int
  public private(set) var values: [Float]

  /// - Returns: nil where there are not as many values as pixels.
  public init?(width: Int, height: Int, _ values: [Float]) {
    guard width >= 0, height >= 0, width.multipliedReportingOverflow(by: height) == (values.count, false) else {
      return nil
    }
    self.width = width
    self.height = height
    self.values = values
  }

  /// The longest side of a preview.
  public static let previewSide = 1024

  /// How many pixels become one along each side so that none is longer than `side`.
  public static func reduction(width: Int, height: Int, to side: Int = previewSide) -> Int {
    max(1, (max(width, height) - 1) / side + 1)
  }

  /// The mean of blocks of `factor` times `factor` pixels; NaN does not count.
  public func reduced(by factor: Int) -> Image {
    guard factor > 1, width > 0, height > 0 else { return self }
    let (columns, rows) = ((width - 1) / factor + 1, (height - 1) / factor + 1)
    var means: [Float] = []
    means.reserveCapacity(columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        var (sum, count) = (0.0, 0.0)
        for y in (row * factor)..<min(height, (row + 1) * factor) {
          for x in (column * factor)..<min(width, (column + 1) * factor) {
            let value = values[y * width + x]
            if !value.isNaN {
              sum += Double(value)
              count += 1
            }
          }
        }
        means.append(count > 0 ? Float(sum / count) : .nan)
      }
    }
    return Image(width: columns, height: rows, means) ?? self
  }

  /// The picture: the darkest colour for the 1st percentile of what is finite, the brightest for the 99th.
  ///
  /// - Returns: nil where ``PNG/size(width:height:)`` is.
  public var png: [UInt8]? {
    let (low, high) = limits
    // Twice as narrow, so that the difference of any two is finite.
    let (bottom, span) = (low / 2, high / 2 - low / 2)
    let pixels = values.map { value -> UInt8 in
      if value.isNaN { return PNG.transparent }
      // All alike: the colour in the middle.
      guard span > 0 else { return value > high ? 255 : value < low ? 1 : 128 }
      let place = (value / 2 - bottom) / span
      return 1 + UInt8(max(0, min(1, place)) * 254 + 0.5)
    }
    return PNG.encode(width: width, height: height, pixels)
  }

  /// The 1st and the 99th percentile of what is finite, each a value that there is.
  var limits: (low: Float, high: Float) {
    let keys = values.lazy.filter(\.isFinite).map { Self.key($0) }
    // By the upper half of the key first, then by the lower one among those that are alike in the upper.
    var upper = [Int](repeating: 0, count: 65_536)
    var count = 0
    for key in keys {
      upper[Int(key >> 16)] += 1
      count += 1
    }
    guard count > 0 else { return (0, 0) }
    func percentile(_ rank: Int) -> Float {
      var (rest, bin) = (rank, 0)
      while rest >= upper[bin] {
        rest -= upper[bin]
        bin += 1
      }
      var lower = [Int](repeating: 0, count: 65_536)
      for key in keys where Int(key >> 16) == bin { lower[Int(key & 0xFFFF)] += 1 }
      var last = 0
      while rest >= lower[last] {
        rest -= lower[last]
        last += 1
      }
      return Self.value(UInt32(bin << 16 | last))
    }
    return (percentile((count - 1) / 100), percentile(count - 1 - (count - 1) / 100))
  }

  /// A number that is ordered as the values are.
  private static func key(_ value: Float) -> UInt32 {
    value.bitPattern >> 31 == 1 ? ~value.bitPattern : value.bitPattern | 1 << 31
  }

  private static func value(_ key: UInt32) -> Float { Float(bitPattern: key >> 31 == 1 ? key ^ 1 << 31 : ~key) }
}
