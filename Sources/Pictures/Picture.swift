public import ArrayIO
public import HDF5
internal import NPY
internal import Statistics

/// The pictures of an array; how large each is follows from the array's description.
public enum Picture {
  /// A preview is made from at most so many entries.
  public static let mostEntries = 100
  /// A map is made from at most so many bytes, or two entries.
  private static let mostMapBytes = 64 << 20

  // MARK: One entry

  /// Bytes of the picture of one entry, in full size.
  ///
  /// - Parameter entry: what the entry is.
  /// - Returns: nil where there is no picture of it.
  public static func size(ofEntry entry: ArrayDescription, _ layout: Layout) -> Int? {
    guard Numbers.areDrawn(entry.element), let (width, height) = layout.extent(ofEntry: entry.shape) else { return nil }
    return PNG.size(width: width, height: height)
  }

  /// The picture of one entry, in full size.
  ///
  /// - Parameters:
  ///   - entry: the entry alone; of an array of several take a slice.
  ///   - name: what is read, for errors.
  /// - Throws: ``HDF5/ReadError``: what the array throws; damaged where there is no picture of it.
  public static func file(
    ofEntry entry: any ArraySource, _ layout: Layout, name: String
  ) throws(ReadError) -> [UInt8] {
    let values = try read(entry, try shown(entry.description.shape, layout, name), name)
    guard let file = layout.image(values, ofEntry: entry.description.shape)?.png else { throw refusal(name) }
    return file
  }

  // MARK: The mean of some entries

  /// Bytes of the preview of an array whose entries are images.
  /// - Returns: nil where there is no preview of it.
  public static func previewSize(of array: ArrayDescription, _ layout: Layout) -> Int? {
    guard Numbers.areDrawn(array.element), let rows = array.shape.first, rows > 0,
      let (width, height) = layout.extent(ofEntry: Array(array.shape.dropFirst()))
    else { return nil }
    let factor = Image.reduction(width: width, height: height)
    return PNG.size(width: (width - 1) / factor + 1, height: (height - 1) / factor + 1)
  }

  /// The mean of at most ``mostEntries`` entries, evenly spread, at most 1024 pixels wide and high.
  ///
  /// - Parameter name: what is read, for errors.
  /// - Throws: ``HDF5/ReadError``: what the array throws; damaged where there is no preview of it.
  public static func preview(
    of array: any ArraySource, _ layout: Layout, name: String
  ) throws(ReadError) -> [UInt8] {
    guard previewSize(of: array.description, layout) != nil, let rows = array.description.shape.first else {
      throw refusal(name)
    }
    let shape = Array(array.description.shape.dropFirst())
    let step = (rows - 1) / mostEntries + 1
    let zeros = [String](repeating: "0", count: shape.count - layout.axes)
    let some = try slice(array, (["::\(step)"] + zeros + ["..."]).joined(separator: ","), name)
    guard let bytes = try Statistics.make([.mean], of: some, name: name)[.mean],
      let values = Numbers.floats(bytes, .float(size: 8, bigEndian: false)),
      let image = layout.image(values, ofEntry: shape),
      let file = image.reduced(by: Image.reduction(width: image.width, height: image.height)).png
    else { throw refusal(name) }
    return file
  }

  // MARK: A map of entries of one axis

  /// Bytes of the map of an array of two axes.
  /// - Returns: nil where there is no map of it.
  public static func mapSize(of array: ArrayDescription) -> Int? {
    guard let map = map(of: array) else { return nil }
    return PNG.size(width: map.width, height: map.height)
  }

  /// Entries to the right, their elements upwards; at most 1024 of each.
  ///
  /// - Parameter name: what is read, for errors.
  /// - Throws: ``HDF5/ReadError``: what the array throws; damaged where there is no map of it.
  public static func map(of array: any ArraySource, name: String) throws(ReadError) -> [UInt8] {
    guard let map = map(of: array.description) else { throw refusal(name) }
    let length = array.description.shape[1]
    let values = try read(array, "::\(map.step)", name)
    guard values.count == map.width * length, let rows = Image(width: length, height: map.width, values) else {
      throw refusal(name)
    }
    // Each entry becomes a column, the last element at the top.
    var turned: [Float] = []
    turned.reserveCapacity(map.width * map.height)
    for block in (0..<map.height).reversed() {
      let elements = (block * map.factor)..<min(length, (block + 1) * map.factor)
      for entry in 0..<map.width { turned.append(rows.mean(row: entry, elements)) }
    }
    guard let file = Image(width: map.width, height: map.height, turned)?.png else { throw refusal(name) }
    return file
  }

  private static func map(of array: ArrayDescription) -> (width: Int, height: Int, step: Int, factor: Int)? {
    guard Numbers.areDrawn(array.element), array.shape.count == 2, !array.shape.contains(0) else { return nil }
    let (entries, length) = (array.shape[0], array.shape[1])
    let most = max(2, min(Image.previewSide, mostMapBytes / (length * array.element.size)))
    let step = (entries - 1) / most + 1
    let factor = Image.reduction(width: length, height: 1)
    return ((entries - 1) / step + 1, (length - 1) / factor + 1, step, factor)
  }

  // MARK: -

  /// The slice of an entry that a layout shows.
  private static func shown(_ shape: [Int], _ layout: Layout, _ name: String) throws(ReadError) -> String {
    guard layout.extent(ofEntry: shape) != nil else { throw refusal(name) }
    let zeros = [String](repeating: "0", count: shape.count - layout.axes)
    return (zeros + ["..."]).joined(separator: ",")
  }

  static func slice(_ array: any ArraySource, _ text: String, _ name: String) throws(ReadError) -> SlicedArray {
    do throws(Slice.Invalid) {
      return try SlicedArray(array, try Slice(text))
    } catch {
      throw .damaged(file: name, object: "", reason: error.description)
    }
  }

  /// The values of a slice; NaN for what only fills a gap.
  static func read(_ array: any ArraySource, _ slice: String, _ name: String) throws(ReadError) -> [Float] {
    let part = try Self.slice(array, slice, name)
    guard var values = Numbers.floats(try bytes(of: part), part.description.element) else { throw refusal(name) }
    guard let presence = part.presence else { return values }
    let flags = try bytes(of: presence)
    // How far apart neighbours of the flags are along each axis, 0 where there is but one.
    let (shape, extents) = (part.description.shape, presence.description.shape)
    for index in values.indices {
      var (rest, flag, step) = (index, 0, 1)
      for axis in shape.indices.reversed() {
        if extents[axis] > 1 { flag += rest % shape[axis] * step }
        rest /= shape[axis]
        step *= extents[axis]
      }
      if flags[flag] == 0 { values[index] = .nan }
    }
    return values
  }

  static func bytes(of array: any ArraySource) throws(ReadError) -> [UInt8] {
    // A typed error does not pass through the closure, so it comes back as a value.
    var result = Result<Void, ReadError>.success(())
    var bytes = [UInt8](repeating: 0, count: array.description.dataSize)
    bytes.withUnsafeMutableBytes { buffer in
      result = Result { () throws(ReadError) in try array.read(dataAt: 0, into: buffer) }
    }
    try result.get()
    return bytes
  }

  static func refusal(_ name: String) -> ReadError {
    .damaged(file: name, object: "", reason: "there is no picture of it")
  }
}

extension Image {
  /// The mean of some pixels of a row; NaN does not count.
  func mean(row: Int, _ columns: Range<Int>) -> Float {
    var (sum, count) = (0.0, 0.0)
    for column in columns {
      let value = values[row * width + column]
      if !value.isNaN {
        sum += Double(value)
        count += 1
      }
    }
    return count > 0 ? Float(sum / count) : .nan
  }
}
