/// PNG files of 256 colours whose size follows from their extent: what they hold is stored and not compressed.
///
/// Portable Network Graphics (W3C, ISO/IEC 15948); RFC 1950 (zlib), RFC 1951 (deflate, "Non-compressed blocks").
public enum PNG {
  /// The index of what is transparent; all others are colours, from the darkest to the brightest.
  public static let transparent: UInt8 = 0

  private static let largestBlock = 65_535
  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Bytes of the file.
  /// - Returns: nil where an extent is 0, or one is more than a hundred thousand, or there would be more than two billion pixels.
  public static func size(width: Int, height: Int) -> Int? {
    guard width > 0, height > 0, width <= 100_000, height <= 100_000, (width + 1) * height <= 2_000_000_000 else {
      return nil
    }
    let raw = height * (1 + width)
    let blocks = (raw + largestBlock - 1) / largestBlock
    let chunks = [13, 3 * 256, 1, 2 + raw + 5 * blocks + 4, 0]
    return signature.count + chunks.reduce(0) { $0 + 12 + $1 }
  }

  /// The file.
  ///
  /// - Parameter pixels: indices of colours, row by row from the top; `width * height` of them.
  /// - Returns: nil where ``size(width:height:)`` is nil, or there are not as many pixels.
  public static func encode(width: Int, height: Int, _ pixels: [UInt8]) -> [UInt8]? {
    guard let size = size(width: width, height: height), pixels.count == width * height else { return nil }
    var file = signature
    file.reserveCapacity(size)
    // Depth 8, palette, deflate, adaptive filters, not interlaced.
    append("IHDR", bigEndian(width) + bigEndian(height) + [8, 3, 0, 0, 0], to: &file)
    append("PLTE", palette, to: &file)
    append("tRNS", [0], to: &file)
    append("IDAT", stored(rows(width: width, pixels)), to: &file)
    append("IEND", [], to: &file)
    return file
  }

  /// Colour 0 is not seen.
  private static let palette: [UInt8] =
    [0, 0, 0]
    + (0..<255).flatMap { number in
      let colour = (number * 255 + 127) / 254
      return ColourMap.bytes[(3 * colour)..<(3 * colour + 3)]
    }

  /// Rows with the number of their filter, which is none, before them.
  private static func rows(width: Int, _ pixels: [UInt8]) -> [UInt8] {
    var raw: [UInt8] = []
    raw.reserveCapacity(pixels.count + pixels.count / width)
    for start in stride(from: 0, to: pixels.count, by: width) {
      raw.append(0)
      raw += pixels[start..<(start + width)]
    }
    return raw
  }

  /// A zlib stream of stored blocks.
  private static func stored(_ raw: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    stream.reserveCapacity(raw.count + raw.count / 1000 + 32)
    for start in stride(from: 0, to: raw.count, by: largestBlock) {
      let end = min(raw.count, start + largestBlock)
      let count = UInt16(end - start)
      stream.append(end == raw.count ? 1 : 0)
      for half in [count, ~count] { stream += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)] }
      stream += raw[start..<end]
    }
    return stream + bigEndian(Int(Checksums.adler32(raw)))
  }

  private static func append(_ type: String, _ data: [UInt8], to file: inout [UInt8]) {
    file += bigEndian(data.count)
    let start = file.count
    file += type.utf8
    file += data
    file += bigEndian(Int(Checksums.crc32(file[start...])))
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }
}
