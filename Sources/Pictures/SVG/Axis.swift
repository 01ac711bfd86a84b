/// Where the values of an axis lie in a picture, and its ticks.
struct Axis {
  let low: Double
  let high: Double
  /// In pixels: where `low` is, and where `high` is.
  let start: Double
  let end: Double

  /// - Parameter values: those that are not finite do not count.
  init(_ values: some Sequence<Double>, from start: Double, to end: Double) {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where value.isFinite {
      low = min(low, value)
      high = max(high, value)
    }
    if low > high { (low, high) = (0, 1) }
    if low == high {
      // Room around a single value; far from 0 more than 1, or the ends would be alike.
      let room = max(abs(low) / 100, low == 0 ? 1 : 0)
      (low, high) = (low - room, high + room)
    }
    if !(high - low).isFinite || high - low <= 0 { (low, high) = (low / 4, high / 4) }
    self.low = low
    self.high = high > low ? high : low + 1
    self.start = start
    self.end = end
  }

  /// In pixels; what lies outside is put a little beyond the ends.
  func place(_ value: Double) -> Double {
    let share = (value - low) / (high - low)
    return start + max(-0.01, min(1.01, share)) * (end - start)
  }

  /// Round numbers: 1, 2 or 5 times a power of ten apart.
  var ticks: [(value: Double, text: String)] {
    let raw = (high - low) / 5
    guard raw.isFinite, raw > 0 else { return [] }
    let power = raw.exponentOfTen
    let scale = Double("1e\(power)") ?? 1
    guard scale > 0, scale.isFinite else { return [] }
    let step = ([1.0, 2, 5].first { $0 * scale >= raw * 0.99 } ?? 10) * scale
    let first = (low / step).rounded(.up)
    let last = (high / step).rounded(.down)
    guard step > 0, last - first < 20, first + 1 > first else { return [] }
    return stride(from: first, through: last, by: 1).map { number in
      (number * step, Self.text(number * step, step: step, power: power))
    }
  }

  /// As many digits as tell ticks apart.
  private static func text(_ value: Double, step: Double, power: Int) -> String {
    if value == 0 { return "0" }
    let size = abs(value).exponentOfTen
    guard size < 12, size > -5 else {
      let digits = min(15, max(0, size - power))
      return String(Double(shorten(value, digits)) ?? value)
    }
    return decimal(value, max(0, -power))
  }

  private static func shorten(_ value: Double, _ digits: Int) -> String {
    let scale = Double("1e\(abs(value).exponentOfTen - digits)") ?? 1
    let short = scale > 0 ? (value / scale).rounded() * scale : value
    return String(short)
  }

  /// With a fixed number of digits behind the point.
  static func decimal(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e17 else { return String(value) }
    let whole = String(UInt64(scaled))
    let padded = String(repeating: "0", count: max(0, digits + 1 - whole.count)) + whole
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + padded }
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
  }
}

extension Double {
  /// Of the largest power of ten that is no larger.
  var exponentOfTen: Int {
    guard isFinite, self > 0 else { return 0 }
    // From about the logarithm to where it is right.
    var power = Int((Double(exponent) * 0.301_029_995_663_981_2).rounded(.down))
    while let value = Double("1e\(power)"), value > self { power -= 1 }
    while let value = Double("1e\(power + 1)"), value <= self { power += 1 }
    return power
  }
}
