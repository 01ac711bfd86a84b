/// How the elements of an entry become an image.
public enum Layout: Hashable, Sendable {
  /// The last two axes are rows, from the top, and columns; of all axes before them the first element is shown.
  case plain
  /// The last three are modules, rows and columns: side by side, in reading order, in a grid that is about square.
  case tiles
  /// The last three are modules, slow scan and fast scan: where the modules stand, seen along the beam.
  case assembled(Assembly)

  /// Columns of the grid, of so many modules.
  static func gridColumns(_ modules: Int, rows: Int, columns: Int) -> Int {
    // As many as make the image no wider than it is high, and one at least.
    var best = 1
    while best < modules, (best + 1) * columns <= ((modules - 1) / (best + 1) + 1) * rows { best += 1 }
    return best
  }

  /// The extent of the image in pixels.
  ///
  /// - Parameter shape: of an entry.
  /// - Returns: nil where an entry has too few axes or no elements, or is not what was assembled.
  public func extent(ofEntry shape: [Int]) -> (width: Int, height: Int)? {
    guard !shape.contains(0), shape.count >= (self == .plain ? 2 : 3) else { return nil }
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    switch self {
    case .plain: return (columns, rows)
    case .tiles:
      let modules = shape[shape.count - 3]
      guard modules <= 4096, rows <= 1 << 20, columns <= 1 << 20 else { return nil }
      let across = Self.gridColumns(modules, rows: rows, columns: columns)
      return (across * columns, ((modules - 1) / across + 1) * rows)
    case .assembled(let assembly): return shape.suffix(3) == assembly.shape ? (assembly.width, assembly.height) : nil
    }
  }

  /// The image of an entry.
  ///
  /// - Parameter values: of the axes that the layout looks at.
  /// - Returns: nil where there are not as many values.
  func image(_ values: [Float], ofEntry shape: [Int]) -> Image? {
    guard let (width, height) = extent(ofEntry: shape) else { return nil }
    switch self {
    case .plain: return Image(width: width, height: height, values)
    case .tiles:
      let (modules, rows, columns) = (shape[shape.count - 3], shape[shape.count - 2], shape[shape.count - 1])
      guard values.count == modules * rows * columns else { return nil }
      var image = [Float](repeating: .nan, count: width * height)
      let across = width / columns
      for module in 0..<modules {
        for row in 0..<rows {
          let source = (module * rows + row) * columns
          let target = (module / across * rows + row) * width + module % across * columns
          image.replaceSubrange(target..<(target + columns), with: values[source..<(source + columns)])
        }
      }
      return Image(width: width, height: height, image)
    case .assembled(let assembly):
      guard values.count == assembly.shape.reduce(1, *) else { return nil }
      // Seen along the beam: the first row is at the bottom, the first column on the right.
      return Image(
        width: width, height: height, assembly.sources().reversed().map { $0 < 0 ? .nan : values[Int($0)] })
    }
  }

  /// How many axes of an entry it looks at.
  var axes: Int { self == .plain ? 2 : 3 }
}
