import CDeflate
import Testing

@testable import Pictures

/// A PNG file taken apart by other code: the chunks, their checksums by libdeflate, which also inflates.
struct DecodedPNG {
  struct Wrong: Error { var what: String }
  var width = 0
  var height = 0
  var palette: [UInt8] = []
  var transparency: [UInt8] = []
  /// Without the filters' bytes.
  var pixels: [UInt8] = []

  init(_ file: [UInt8]) throws {
    guard file.prefix(8) == [137, 80, 78, 71, 13, 10, 26, 10] else { throw Wrong(what: "signature") }
    func number(_ at: Int) -> Int { file[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) } }
    var place = 8
    var names: [String] = []
    var stream: [UInt8] = []
    while place < file.count {
      let count = number(place)
      let data = Array(file[(place + 8)..<(place + 8 + count)])
      let name = String(decoding: file[(place + 4)..<(place + 8)], as: UTF8.self)
      let checked = Array(file[(place + 4)..<(place + 8 + count)])
      guard Int(libdeflate_crc32(0, checked, checked.count)) == number(place + 8 + count) else {
        throw Wrong(what: "checksum of \(name)")
      }
      if name == "IHDR" {
        (width, height) = (number(place + 8), number(place + 12))
        guard data.suffix(5) == [8, 3, 0, 0, 0] else { throw Wrong(what: "kind") }
      }
      if name == "PLTE" { palette = data }
      if name == "tRNS" { transparency = data }
      if name == "IDAT" { stream += data }
      names.append(name)
      place += 12 + count
    }
    guard names == ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"], place == file.count else { throw Wrong(what: "chunks") }
    var raw = [UInt8](repeating: 0, count: height * (width + 1))
    let decompressor = libdeflate_alloc_decompressor()
    defer { libdeflate_free_decompressor(decompressor) }
    var actual = 0
    // Adler-32 is checked as well.
    let result = libdeflate_zlib_decompress(decompressor, stream, stream.count, &raw, raw.count, &actual)
    guard result == LIBDEFLATE_SUCCESS, actual == raw.count else { throw Wrong(what: "stream") }
    for row in 0..<height {
      guard raw[row * (width + 1)] == 0 else { throw Wrong(what: "filter") }
      pixels += raw[(row * (width + 1) + 1)..<((row + 1) * (width + 1))]
    }
  }
}

@Suite struct PNGTests {
  @Test func decodedAgain() throws {
    // 65,535 bytes of rows, one less and one more, and several blocks.
    let extents = [(1, 1), (100, 3), (65_534, 1), (65_533, 1), (65_535, 1), (254, 257), (1024, 100), (255, 256)]
    for (width, height) in extents {
      let pixels = (0..<(width * height)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
      let file = try #require(PNG.encode(width: width, height: height, pixels))
      #expect(PNG.size(width: width, height: height) == file.count)
      let decoded = try DecodedPNG(file)
      #expect(decoded.width == width && decoded.height == height && decoded.pixels == pixels)
      #expect(decoded.transparency == [0] && decoded.palette.count == 768)
      #expect(Array(decoded.palette[3..<6]) == [0x44, 0x01, 0x54])
      #expect(Array(decoded.palette[765...]) == [0xFD, 0xE7, 0x25])
    }
    #expect(PNG.size(width: 1024, height: 1024) == 1_050_541)
    #expect(PNG.size(width: 100, height: 1024) == 104_290)
    #expect(PNG.size(width: 1, height: 1) == 863)
    #expect(PNG.size(width: 0, height: 1) == nil && PNG.size(width: 1, height: 1 << 40) == nil)
    #expect(PNG.encode(width: 2, height: 2, [1]) == nil)
  }

  @Test func theColourMapIsWhatWasPublished() {
    #expect(ColourMap.bytes.count == 768)
    #expect(Checksums.crc32(ColourMap.bytes[...]) == 0xF407_8EB3)
  }

  @Test func percentiles() throws {
    var values = (0..<1001).map { Float($0) - 500 }
    values += [.nan, .infinity, -.infinity]
    let image = try #require(Image(width: 1004, height: 1, values))
    #expect(image.limits == (-490, 490))
    let pixels = try DecodedPNG(try #require(image.png)).pixels
    #expect(pixels[1001] == 0 && pixels[1002] == 255 && pixels[1003] == 1)
    #expect(pixels[0] == 1 && pixels[1000] == 255 && pixels[500] == 128)
    #expect(zip(pixels[..<1001], pixels[1..<1001]).allSatisfy { $0 <= $1 })
    // All alike, and nothing at all.
    #expect(try DecodedPNG(try #require(Image(width: 2, height: 1, [7, .nan])?.png)).pixels == [128, 0])
    #expect(try DecodedPNG(try #require(Image(width: 2, height: 1, [.nan, .nan])?.png)).pixels == [0, 0])
    let extreme: [Float] = [-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude]
    #expect(try DecodedPNG(try #require(Image(width: 3, height: 1, extreme)?.png)).pixels == [1, 128, 255])
  }

  @Test func reduction() throws {
    #expect(Image.reduction(width: 1024, height: 5) == 1 && Image.reduction(width: 5, height: 1025) == 2)
    let image = try #require(Image(width: 3, height: 3, [1, 3, 5, 5, .nan, 7, .nan, .nan, .nan]))
    let small = image.reduced(by: 2)
    #expect(small.width == 2 && small.height == 2)
    #expect(small.values[0] == 3 && small.values[1] == 6 && small.values[2].isNaN && small.values[3].isNaN)
  }
}
