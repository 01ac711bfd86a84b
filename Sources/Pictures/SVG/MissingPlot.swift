/// Which source has data when: a row for each, trains to the right.
public enum MissingPlot {
  /// One row.
  public struct Row: Sendable {
    public var name: String
    /// Positions in the run of the trains with data, in ascending order and apart from each other.
    public var trains: [Range<Int>]

    public init(name: String, trains: [Range<Int>]) {
      self.name = name
      self.trains = trains
    }
  }

  /// Columns of a row: fewer than pixels, so that its length is bounded.
  private static let columns = 200
  private static let columnWidth = 3
  private static let rowHeight = 16
  private static let left = 420
  private static let top = 50
  /// A name is cut off behind this many characters, of at most six bytes each.
  private static let longestName = 56

  /// Bytes of the file.
  public static func size(rows: Int) -> Int { 4096 + rows * (256 + 6 * longestName + columns * 12) }

  /// The file.
  ///
  /// - Parameter runTrains: how many trains the run has.
  /// - Returns: nil where a name is longer than can be.
  public static func file(_ rows: [Row], runTrains: Int, title: String) -> [UInt8]? {
    var drawing = Drawing(width: left + columns * columnWidth + 40, height: top + rows.count * rowHeight + 40)
    drawing.label(title, Double(left), 24, .start)
    drawing.label("train 0", Double(left), 44, .start)
    drawing.label("\(max(0, runTrains - 1))", Double(left + columns * columnWidth), 44, .end)
    for (number, row) in rows.enumerated() {
      let y = top + number * rowHeight
      drawing.label(row.name, Double(left - 8), Double(y + 12), .end, most: longestName)
      let shares = shares(row.trains, runTrains)
      drawing.add(path(shares, y, "#31688e") { $0 >= 1 } + path(shares, y, "#9ecae1") { $0 > 0 && $0 < 1 })
    }
    return drawing.bytes(size: size(rows: rows.count))
  }

  /// Of each column the share of its trains that have data.
  static func shares(_ trains: [Range<Int>], _ count: Int) -> [Double] {
    guard count > 0 else { return [] }
    var shares: [Double] = []
    var first = 0
    for column in 0..<columns {
      // Of few trains one may span several columns.
      let start = column * count / columns
      let end = max(start + 1, (column + 1) * count / columns)
      while first < trains.count, trains[first].upperBound <= start { first += 1 }
      var covered = 0
      var next = first
      while next < trains.count, trains[next].lowerBound < end {
        covered += max(0, min(end, trains[next].upperBound) - max(start, trains[next].lowerBound))
        next += 1
      }
      shares.append(Double(covered) / Double(end - start))
    }
    return shares
  }

  private static func path(_ shares: [Double], _ y: Int, _ colour: String, _ isShown: (Double) -> Bool) -> String {
    var path = ""
    var start = 0
    while start < shares.count {
      guard isShown(shares[start]) else {
        start += 1
        continue
      }
      var end = start + 1
      while end < shares.count, isShown(shares[end]) { end += 1 }
      path += "M\(left + start * columnWidth) \(y + 8)H\(left + end * columnWidth)"
      start = end
    }
    return path.isEmpty ? "" : #"<path d="\#(path)" stroke="\#(colour)" stroke-width="12"/>"#
  }
}
