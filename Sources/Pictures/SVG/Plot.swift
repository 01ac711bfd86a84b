public import ArrayIO
public import HDF5
internal import NPY
internal import Statistics

/// Curves with axes, as SVG files of a fixed length.
public enum Plot {
  /// Bytes of every plot.
  public static let size = 64 << 10

  private static let (width, height) = (900, 500)
  private static let frame = (left: 90.0, right: 860.0, top: 40.0, bottom: 440.0)
  private static let curve = "#31688e"
  private static let grid = "#dddddd"

  /// What is written beside a plot.
  public struct Labels: Sendable {
    public var title: String
    public var units: String

    /// - Parameter units: empty where there are none.
    public init(title: String, units: String) {
      self.title = title
      self.units = units
    }
  }

  /// Whether an array of one number an entry has a plot.
  public static func isScalar(_ array: ArrayDescription) -> Bool {
    array.shape.count == 1 && Numbers.areDrawn(array.element)
  }

  /// Whether an array of one axis an entry has a plot.
  public static func isCurve(_ array: ArrayDescription) -> Bool {
    array.shape.count == 2 && Numbers.areDrawn(array.element) && !array.shape.contains(0)
      && Statistic.mean.description(of: array) != nil
  }

  // MARK: Scalars

  /// Value against train: an interruption where trains of the run have no value, or it is NaN.
  ///
  /// - Parameters:
  ///   - trains: of each entry.
  ///   - runTrains: of the run, in ascending order.
  /// - Throws: ``HDF5/ReadError``: what the array throws; damaged where ``isScalar(_:)`` is false or trains are lacking.
  public static func scalars(
    _ array: any ArraySource, trains: [UInt64], runTrains: [UInt64], _ labels: Labels
  ) throws(ReadError) -> [UInt8] {
    guard isScalar(array.description), array.description.shape == [trains.count],
      let values = Numbers.doubles(try Picture.bytes(of: array), array.description.element)
    else { throw Picture.refusal(labels.title) }
    // Where each train stands in the run; entries come in order of train, or at least nearly so.
    var positions: [UInt64: Int] = [:]
    for (position, train) in runTrains.enumerated() { positions[train] = position }
    let first = runTrains.first ?? 0
    var points: [Point] = []
    var last: Int?
    for (train, value) in zip(trains, values) {
      let position = positions[train]
      var isBroken = true
      if let last, let position { isBroken = position > last + 1 }
      last = value.isFinite ? position : nil
      guard value.isFinite else { continue }
      // Less the first train: a number of ten digits tells nobody anything.
      points.append(Point(x: Double(Int64(bitPattern: train &- first)), y: value, isBroken: isBroken))
    }
    let ends = [0, Double(Int64(bitPattern: (runTrains.last ?? 0) &- first))]
    let x = Axis(ends, from: frame.left, to: frame.right)
    let y = Axis(points.lazy.map(\.y), from: frame.bottom, to: frame.top)
    var drawing = axes(x, y, labels, below: "train id \u{2212} \(first)")
    drawing.add(path(points, x, y))
    return try finished(drawing, labels)
  }

  // MARK: Entries of one axis

  /// The mean of at most ``Picture/mostEntries`` entries, evenly spread, in a band as wide as their standard deviation.
  ///
  /// - Throws: ``HDF5/ReadError``: what the array throws; damaged where ``isCurve(_:)`` is false.
  public static func curve(_ array: any ArraySource, _ labels: Labels) throws(ReadError) -> [UInt8] {
    guard isCurve(array.description) else { throw Picture.refusal(labels.title) }
    let step = (array.description.shape[0] - 1) / Picture.mostEntries + 1
    let some = try Picture.slice(array, "::\(step)", labels.title)
    let found = try Statistics.make([.mean, .std], of: some, name: labels.title)
    let double = ElementType.float(size: 8, bigEndian: false)
    guard let means = found[.mean].flatMap({ Numbers.doubles($0, double) }),
      let spreads = found[.std].flatMap({ Numbers.doubles($0, double) })
    else { throw Picture.refusal(labels.title) }
    var (points, lows, highs): ([Point], [Point], [Point]) = ([], [], [])
    var isBroken = true
    for (index, (mean, spread)) in zip(means, spreads).enumerated() {
      if mean.isFinite {
        let width = spread.isFinite ? spread : 0
        points.append(Point(x: Double(index), y: mean, isBroken: isBroken))
        lows.append(Point(x: Double(index), y: mean - width, isBroken: isBroken))
        highs.append(Point(x: Double(index), y: mean + width, isBroken: isBroken))
      }
      isBroken = !mean.isFinite
    }
    let x = Axis([0, Double(max(1, means.count - 1))], from: frame.left, to: frame.right)
    let y = Axis((lows + highs).lazy.map(\.y), from: frame.bottom, to: frame.top)
    var drawing = axes(x, y, labels, below: "index")
    drawing.add(band(lows, highs, x, y))
    drawing.add(path(points, x, y))
    return try finished(drawing, labels)
  }

  // MARK: -

  private struct Point {
    var x: Double
    var y: Double
    /// Whether nothing leads to it.
    var isBroken: Bool
  }

  private static func finished(_ drawing: Drawing, _ labels: Labels) throws(ReadError) -> [UInt8] {
    guard let bytes = drawing.bytes(size: size) else { throw Picture.refusal(labels.title) }
    return bytes
  }

  private static func axes(_ x: Axis, _ y: Axis, _ labels: Labels, below: String) -> Drawing {
    var drawing = Drawing(width: width, height: height)
    let n = Drawing.number
    for tick in x.ticks {
      let place = x.place(tick.value)
      drawing.add(#"<path d="M\#(n(place)) \#(n(frame.top))V\#(n(frame.bottom + 5))" stroke="\#(grid)" fill="none"/>"#)
      drawing.label(tick.text, place, frame.bottom + 20, .middle)
    }
    for tick in y.ticks {
      let place = y.place(tick.value)
      drawing.add(#"<path d="M\#(n(frame.left - 5)) \#(n(place))H\#(n(frame.right))" stroke="\#(grid)" fill="none"/>"#)
      drawing.label(tick.text, frame.left - 8, place + 4, .end)
    }
    drawing.add(
      #"<path d="M\#(n(frame.left)) \#(n(frame.top))V\#(n(frame.bottom))H\#(n(frame.right))" stroke="black" fill="none"/>"#
    )
    drawing.label(labels.title, Double(width) / 2, 24, .middle)
    drawing.label(below, (frame.left + frame.right) / 2, frame.bottom + 44, .middle)
    if !labels.units.isEmpty {
      drawing.label(labels.units, 20, (frame.top + frame.bottom) / 2, .middle, isUpright: true, most: 40)
    }
    return drawing
  }

  /// What the points of one column of pixels come to.
  private struct Column {
    var x: Double
    var low: Double
    var high: Double
    var isBroken: Bool
  }

  /// At most one column for each pixel, so that the length of a curve is bounded.
  private static func columns(_ points: [Point], _ x: Axis, _ y: Axis) -> [Column] {
    var columns: [Column] = []
    var last = Int.min
    for point in points {
      let (left, top) = (x.place(point.x), y.place(point.y))
      let number = Int(left)
      if number == last, !columns.isEmpty {
        columns[columns.count - 1].low = min(columns[columns.count - 1].low, top)
        columns[columns.count - 1].high = max(columns[columns.count - 1].high, top)
      } else if columns.count <= width {
        columns.append(Column(x: left, low: top, high: top, isBroken: point.isBroken || number < last))
        last = number
      }
    }
    return columns
  }

  private static func path(_ points: [Point], _ x: Axis, _ y: Axis) -> String {
    var path = ""
    for column in columns(points.sorted { $0.x < $1.x }, x, y) {
      path += "\(column.isBroken || path.isEmpty ? "M" : "L")\(Drawing.number(column.x)) \(Drawing.number(column.low))"
      // A point alone is a dot, which a line of no length with round ends is.
      if column.low != column.high || column.isBroken { path += "V\(Drawing.number(column.high))" }
    }
    return #"<path d="\#(path)" stroke="\#(curve)" stroke-width="1.5" stroke-linecap="round" fill="none"/>"#
  }

  private static func band(_ lows: [Point], _ highs: [Point], _ x: Axis, _ y: Axis) -> String {
    let below = columns(lows, x, y)
    let above = columns(highs, x, y)
    var path = ""
    var start = 0
    while start < below.count {
      var end = start + 1
      while end < below.count, !below[end].isBroken { end += 1 }
      let there = above[start..<end].map { "\(Drawing.number($0.x)) \(Drawing.number($0.low))" }
      let back = below[start..<end].reversed().map { "\(Drawing.number($0.x)) \(Drawing.number($0.high))" }
      path += "M" + (there + back).joined(separator: "L") + "Z"
      start = end
    }
    return #"<path d="\#(path)" fill="\#(curve)" fill-opacity="0.25"/>"#
  }
}
