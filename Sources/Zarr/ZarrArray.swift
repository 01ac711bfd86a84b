public import ArrayIO
public import NPY

/// An array as Zarr version 2 describes it: chunks of whole entries, not compressed, each a window of the array's bytes.
public struct ZarrArray: Hashable, Sendable {
  /// The name of its directory.
  public var name: String
  /// A name for each axis.
  public var dimensions: [String]
  public var units: String?
  public let shape: [Int]
  /// As it is in the chunks.
  public let element: ElementType
  /// As it is in the array: strings of one byte are widened, for readers would join them along an axis.
  let sourceElement: ElementType
  /// Entries of a chunk; at least 1.
  public let chunkRows: Int

  /// What a chunk should have, in bytes: fewer take longer to name than to read, and more do not fit a worker's memory.
  public static let usualChunkSize = 32 << 20

  /// - Parameters:
  ///   - dimensions: as many as the shape has extents.
  ///   - fileRows: rows of a chunk in the file; a chunk here has as many times a power of two. 1 where nothing is known.
  ///   - chunkSize: of a chunk, at most, unless an entry is larger.
  /// - Returns: nil for what Zarr cannot hold: structures, strings of no length, and what npy alone has a word for.
  public init?(
    name: String, _ description: ArrayDescription, dimensions: [String], units: String? = nil, fileRows: Int = 1,
    chunkSize: Int = usualChunkSize
  ) {
    guard dimensions.count == description.shape.count, Set(dimensions).count == dimensions.count else { return nil }
    switch description.element {
    case .boolean, .integer, .time: element = description.element
    case .float(let size, _):
      guard size <= 8 else { return nil }
      element = description.element
    case .complex(let size, _):
      guard size <= 16 else { return nil }
      element = description.element
    case .bytes(let length):
      guard length > 0 else { return nil }
      element = .bytes(length: max(2, length))
    case .raw, .structure: return nil
    }
    sourceElement = description.element
    shape = description.shape
    self.name = name
    self.dimensions = dimensions
    self.units = units
    guard let rows = Self.chunkRows(shape, element.size, fileRows, chunkSize) else { return nil }
    chunkRows = rows
  }

  /// The whole array where it is small; else the file's rows times the largest power of two with which a chunk is small enough.
  private static func chunkRows(_ shape: [Int], _ size: Int, _ fileRows: Int, _ chunkSize: Int) -> Int? {
    guard let rows = shape.first else { return 1 }
    guard let entry = ArrayDescription(element: .raw(length: size), shape: shape.dropFirst().map { max(1, $0) }) else {
      return nil
    }
    let most = max(1, chunkSize / max(1, entry.dataSize))
    if rows <= most { return max(1, rows) }
    var taken = max(1, fileRows)
    // Where the file's chunk is too large, entries of it: each is decoded with the others, but the cache has them.
    while taken > most { taken = (taken + 1) / 2 }
    while taken <= most / 2 { taken *= 2 }
    return taken
  }

  /// Extents of a chunk: at least 1 each, for some readers divide by them.
  public var chunkShape: [Int] {
    shape.isEmpty ? [] : [chunkRows] + shape.dropFirst().map { max(1, $0) }
  }

  /// How many chunks there are: all of them exist, for a reader takes one that is not there for fill values.
  public var chunkCount: Int {
    if shape.contains(0) { return 0 }
    guard let rows = shape.first else { return 1 }
    return (rows - 1) / chunkRows + 1
  }

  /// Bytes of every chunk: those at the end are as large as the others.
  public var chunkSize: Int { chunkShape.reduce(element.size, *) }

  /// The name of a chunk, such as `3.0.0`.
  public func chunkName(_ number: Int) -> String {
    shape.isEmpty ? "0" : ([number] + shape.dropFirst().map { _ in 0 }).map(String.init).joined(separator: ".")
  }

  /// Which chunk a name is of; nil where it is none's.
  public func chunk(named name: String) -> Int? {
    let first = name.prefix { $0 != "." }
    guard let number = Int(first), number >= 0, number < chunkCount, chunkName(number) == name else { return nil }
    return number
  }

  /// The entries in a chunk.
  public func rows(ofChunk number: Int) -> Range<Int> {
    guard let rows = shape.first else { return 0..<1 }
    let first = number * chunkRows
    return first..<min(rows, first + chunkRows)
  }

  /// `.zarray`.
  public var metadata: JSON {
    .object([
      ("zarr_format", .integer(2)),
      ("shape", .array(shape.map { .integer($0) })),
      ("chunks", .array(chunkShape.map { .integer($0) })),
      ("dtype", .string(element.descriptor)),
      ("compressor", .null),
      // Any other would be taken for the value of what is missing.
      ("fill_value", .null),
      ("order", .string("C")),
      ("filters", .null),
    ])
  }

  /// `.zattrs`: nothing of the file's attributes, which readers would take for encodings.
  public var attributes: JSON {
    let names: [(name: String, value: JSON)] = [("_ARRAY_DIMENSIONS", .array(dimensions.map { .string($0) }))]
    // With `since` it would be a date.
    guard let units, !units.isEmpty, !units.contains("since") else { return .object(names) }
    return .object(names + [("units", .string(units))])
  }
}
