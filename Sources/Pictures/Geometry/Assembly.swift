public import ArrayIO
public import NPY

/// Where each pixel of a detector's modules goes in one image, to the whole pixel: as `position_modules` of EXtra-geom.
public struct Assembly: Hashable, Sendable {
  /// The size of a detector's pixels, in metres.
  public struct Pitch: Hashable, Sendable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }

    public static let agipd = Pitch(x: 2e-4, y: 2e-4)
    public static let lpd = Pitch(x: 5e-4, y: 5e-4)
    public static let jungfrau = Pitch(x: 75e-6, y: 75e-6)
    /// Hexagons: rows lie closer together than columns.
    public static let dssc = Pitch(x: 236e-6, y: 236e-6 * 1.5 / 3.0.squareRoot())
  }

  /// A panel in the image.
  struct Tile: Hashable, Sendable {
    var module: Int
    var slowScan: Range<Int>
    var fastScan: Range<Int>
    var row: Int
    var column: Int
    /// Whether slow scan runs along the columns of the image.
    var isTransposed: Bool
    /// Whether slow scan and fast scan run towards lower rows or columns.
    var isSlowReversed: Bool
    var isFastReversed: Bool
  }

  /// Extents of the modules' data: modules, slow scan, fast scan.
  public let shape: [Int]
  let tiles: [Tile]
  /// Rows from bottom to top, columns from right to left, for who looks along the beam.
  public let height: Int
  public let width: Int
  /// The place of the beam in the image.
  public let centre: (row: Int, column: Int)

  public static func == (a: Assembly, b: Assembly) -> Bool { a.shape == b.shape && a.tiles == b.tiles }

  public func hash(into hasher: inout Hasher) { hasher.combine(tiles) }

  /// An image of more pixels would be wrong: a panel lies far off.
  private static let mostPixels = 1 << 28

  /// - Parameters:
  ///   - shape: modules, slow scan, fast scan.
  /// - Throws: ``GeometryFile/Invalid`` where the geometry is not of such a detector, or its panels stand askew.
  public init(
    _ geometry: GeometryFile, shape: [Int], pitch: Pitch
  ) throws(GeometryFile.Invalid) {
    guard shape.count == 3, shape.allSatisfy({ 1...(1 << 20) ~= $0 }), shape.reduce(1, *) <= Int(Int32.max) else {
      throw GeometryFile.Invalid(description: "the detector has no modules of two axes, or too large ones")
    }
    var tiles: [Tile] = []
    for panel in geometry.panels { tiles.append(try Self.tile(panel, shape, pitch)) }
    let (top, left) = (tiles.map(\.row).min() ?? 0, tiles.map(\.column).min() ?? 0)
    centre = (-top, -left)
    for index in tiles.indices {
      tiles[index].row -= top
      tiles[index].column -= left
    }
    height = tiles.map { $0.row + ($0.isTransposed ? $0.fastScan : $0.slowScan).count }.max() ?? 0
    width = tiles.map { $0.column + ($0.isTransposed ? $0.slowScan : $0.fastScan).count }.max() ?? 0
    guard height <= 1 << 20, width <= 1 << 20, height * width <= Self.mostPixels else {
      throw GeometryFile.Invalid(description: "the panels of the geometry lie too far apart")
    }
    self.shape = shape
    self.tiles = tiles
  }

  private static func tile(
    _ panel: GeometryFile.Panel, _ shape: [Int], _ pitch: Pitch
  ) throws(GeometryFile.Invalid) -> Tile {
    func fault(_ what: String) -> GeometryFile.Invalid {
      GeometryFile.Invalid(description: "panel \(panel.name) of the geometry \(what)")
    }
    // In this order of operations, and half to even, as there.
    func snap(_ value: Double, _ pitch: Double) throws(GeometryFile.Invalid) -> Int {
      let pixels = (value / panel.resolution / pitch).rounded(.toNearestOrEven)
      guard abs(pixels) < 1e9 else { throw fault("lies too far off") }
      return Int(pixels)
    }
    let fast = (x: try snap(panel.fs.x, pitch.x), y: try snap(panel.fs.y, pitch.y))
    let slow = (x: try snap(panel.ss.x, pitch.x), y: try snap(panel.ss.y, pitch.y))
    let isPlain = fast.y == 0 && slow.x == 0 && abs(fast.x) == 1 && abs(slow.y) == 1
    let isTransposed = fast.x == 0 && slow.y == 0 && abs(fast.y) == 1 && abs(slow.x) == 1
    guard isPlain || isTransposed else {
      throw fault("stands askew, or is of another detector: its pixels do not fall on those of an image")
    }
    // Without a number the modules lie one behind the other.
    let module = panel.module ?? panel.slowScan.lowerBound / shape[1]
    let first = panel.module == nil ? module * shape[1] : 0
    let slowScan = (panel.slowScan.lowerBound - first)..<(panel.slowScan.upperBound - first)
    guard module < shape[0], slowScan.upperBound <= shape[1], panel.fastScan.upperBound <= shape[2] else {
      throw fault("is no part of \(shape[0]) modules of \(shape[1]) x \(shape[2]) pixels")
    }
    var row = try snap(panel.corner.y, pitch.y)
    var column = try snap(panel.corner.x, pitch.x)
    let (alongRows, alongColumns) = isTransposed ? (panel.fastScan, slowScan) : (slowScan, panel.fastScan)
    if slow.y + fast.y < 0 { row -= alongRows.count }
    if slow.x + fast.x < 0 { column -= alongColumns.count }
    return Tile(
      module: module, slowScan: slowScan, fastScan: panel.fastScan, row: row, column: column,
      isTransposed: isTransposed, isSlowReversed: slow.x + slow.y < 0, isFastReversed: fast.x + fast.y < 0)
  }

  /// For each pixel of the image which element of the modules it is; -1 in the gaps. Of panels that overlap the last one counts.
  public func sources() -> [Int32] {
    var sources = [Int32](repeating: -1, count: width * height)
    for tile in tiles {
      for ss in tile.slowScan {
        let slow = tile.isSlowReversed ? tile.slowScan.upperBound - 1 - ss : ss - tile.slowScan.lowerBound
        for fs in tile.fastScan {
          let fast = tile.isFastReversed ? tile.fastScan.upperBound - 1 - fs : fs - tile.fastScan.lowerBound
          let (y, x) = tile.isTransposed ? (fast, slow) : (slow, fast)
          let element = (tile.module * shape[1] + ss) * shape[2] + fs
          sources[(tile.row + y) * width + tile.column + x] = Int32(truncatingIfNeeded: element)
        }
      }
    }
    return sources
  }

  /// What the image is of a frame of such elements.
  /// - Returns: nil where it would be larger than a file can be.
  public func description(of element: ElementType) -> ArrayDescription? {
    ArrayDescription(element: element, shape: [height, width])
  }

  /// The image of one frame, row by row from the bottom: gaps are NaN for floating point, and 0 for all else.
  ///
  /// - Parameter frame: the modules' elements, as long as ``shape`` says.
  /// - Returns: nil where the frame is not as long, or is of numbers that have no NaN here.
  public func assemble(_ frame: [UInt8], _ element: ElementType) -> [UInt8]? {
    let size = element.size
    guard frame.count == shape.reduce(size, *) else { return nil }
    let gap = Self.gap(element)
    if gap == nil, case .float = element { return nil }
    var image = [UInt8](repeating: 0, count: width * height * size)
    let sources = sources()
    image.withUnsafeMutableBytes { image in
      frame.withUnsafeBytes { frame in
        for (pixel, source) in sources.enumerated() {
          let target = UnsafeMutableRawBufferPointer(rebasing: image[(pixel * size)..<((pixel + 1) * size)])
          if source >= 0 {
            target.copyMemory(
              from: UnsafeRawBufferPointer(rebasing: frame[(Int(source) * size)..<((Int(source) + 1) * size)]))
          } else if let gap {
            target.copyBytes(from: gap)
          }
        }
      }
    }
    return image
  }

  /// The bytes of what stands in a gap; nil for zeros.
  private static func gap(_ element: ElementType) -> [UInt8]? {
    guard case .float(let size, let bigEndian) = element else { return nil }
    let pattern: UInt64
    switch size {
    case 2: pattern = UInt64(Float16.nan.bitPattern)
    case 4: pattern = UInt64(Float.nan.bitPattern)
    case 8: pattern = Double.nan.bitPattern
    default: return nil
    }
    let little = (0..<size).map { UInt8(truncatingIfNeeded: pattern >> UInt64(8 * $0)) }
    return bigEndian ? little.reversed() : little
  }
}
