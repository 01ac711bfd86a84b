import ArrayIO
import HDF5
import NPY
import Testing

@testable import Pictures

private let float = ElementType.float(size: 4, bigEndian: false)

private func array(_ shape: [Int], _ values: [Float]) -> MemoryArray {
  MemoryArray(
    description: ArrayDescription(element: float, shape: shape)!, bytes: values.withUnsafeBytes { Array($0) })
}

private struct GappedArray: ArraySource {
  let base: MemoryArray
  let flags: MemoryArray
  var description: ArrayDescription { base.description }
  var presence: (any ArraySource)? { flags }
  func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    try base.read(dataAt: offset, into: output)
  }
}

@Suite struct PictureTests {
  @Test func entries() throws {
    let entry = array([2, 3], [0, 1, 2, 3, 4, .nan])
    let file = try Picture.file(ofEntry: entry, .plain, name: "a")
    #expect(Picture.size(ofEntry: entry.description, .plain) == file.count)
    let decoded = try DecodedPNG(file)
    #expect(decoded.width == 3 && decoded.pixels == [1, 65, 128, 192, 255, 0])
    // Of further axes the first.
    let gains = array([2, 1, 2], [0, 1, 5, 5])
    #expect(try DecodedPNG(try Picture.file(ofEntry: gains, .plain, name: "a")).pixels == [1, 255])
    #expect(Picture.size(ofEntry: ArrayDescription(element: float, shape: [3])!, .plain) == nil)
    #expect(Picture.size(ofEntry: ArrayDescription(element: .bytes(length: 2), shape: [3, 3])!, .plain) == nil)
  }

  @Test func theMeanOfEntries() throws {
    let (rows, height, width) = (250, 3, 2050)
    var values: [Float] = []
    // Only every third is looked at, so the others do not matter.
    for row in 0..<rows {
      for pixel in 0..<(height * width) { values.append(row % 3 == 0 ? Float(pixel % width) : 1e6) }
    }
    let images = array([rows, height, width], values)
    let file = try Picture.preview(of: images, .plain, name: "a")
    #expect(Picture.previewSize(of: images.description, .plain) == file.count)
    let decoded = try DecodedPNG(file)
    #expect(decoded.width == 684 && decoded.height == 1)
    #expect(zip(decoded.pixels, decoded.pixels.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(decoded.pixels.first == 1 && decoded.pixels.last == 255)
  }

  @Test func modulesSideBySide() throws {
    // Four modules of 1 x 2 fill two by two... as wide as high: one column of two wide ones, in reading order.
    let entry = array([4, 2, 2], (0..<16).map { Float($0) })
    let decoded = try DecodedPNG(try Picture.file(ofEntry: entry, .tiles, name: "a"))
    #expect(decoded.width == 4 && decoded.height == 4)
    let order = decoded.pixels.enumerated().sorted { $0.element < $1.element }.map(\.offset)
    #expect(order == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15])
    #expect(Layout.gridColumns(16, rows: 512, columns: 128) == 8)
    // A missing module is not dark but nothing.
    let gapped = GappedArray(
      base: entry,
      flags: MemoryArray(
        description: ArrayDescription(element: .boolean, shape: [4, 1, 1])!, bytes: [1, 0, 1, 1]))
    let pixels = try DecodedPNG(try Picture.file(ofEntry: gapped, .tiles, name: "a")).pixels
    #expect(pixels.indices.filter { pixels[$0] == 0 } == [2, 3, 6, 7])
  }

  @Test func maps() throws {
    let (entries, length) = (2000, 3)
    let values = (0..<(entries * length)).map { Float($0 % length) }
    let traces = array([entries, length], values)
    let file = try Picture.map(of: traces, name: "a")
    #expect(Picture.mapSize(of: traces.description) == file.count)
    let decoded = try DecodedPNG(file)
    #expect(decoded.width == 1000 && decoded.height == 3)
    // Upwards.
    #expect(decoded.pixels[0] == 255 && decoded.pixels[1000] == 128 && decoded.pixels[2000] == 1)
  }
}

@Suite struct PlotTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func scalars() throws {
    let values: [Float] = [1, 2, .nan, 4, 5]
    let labels = Plot.Labels(title: "A<B&C", units: "mm")
    let file = try Plot.scalars(
      array([5], values), trains: [100, 101, 102, 103, 106], runTrains: Array(100..<110), labels)
    #expect(file.count == Plot.size && file.last == 0x0A)
    let svg = text(file)
    #expect(svg.contains("A&lt;B&amp;C") && svg.contains(">mm<") && svg.contains("\u{2212} 100"))
    // A line of two points, and two dots.
    let curve = try #require(svg.split(separator: "\n").first { $0.contains("stroke-width") })
    #expect(curve.count { $0 == "M" } == 3 && curve.count { $0 == "L" } == 1)
    #expect(curve.contains(#"d="M90 440V440L175.6 340M346.7 140V140M603.3 40V40""#))
    #expect(throws: ReadError.self) {
      try Plot.scalars(array([5], values), trains: [1], runTrains: [1], labels)
    }
  }

  @Test func longCurvesFit() throws {
    let count = 200_000
    let values = (0..<count).map { $0 % 7 == 3 ? Float.nan : Float(($0 &* 2_654_435_761) % 1000) * 1.234e-7 }
    let trains = (0..<count).map { UInt64($0) }
    let title = String(repeating: "&", count: 5000)
    let file = try Plot.scalars(
      array([count], values), trains: trains, runTrains: trains, .init(title: title, units: title))
    #expect(file.count == Plot.size)
    let wide = array([200, 1000], Array(values.prefix(200_000)))
    #expect(try Plot.curve(wide, .init(title: title, units: title)).count == Plot.size)
  }

  @Test func ticks() {
    #expect(Axis([0, 100], from: 0, to: 1).ticks.map(\.text) == ["0", "20", "40", "60", "80", "100"])
    #expect(Axis([-0.013, 0.012], from: 0, to: 1).ticks.map(\.text) == ["-0.010", "-0.005", "0", "0.005", "0.010"])
    #expect(Axis([3, 3], from: 0, to: 1).ticks.count > 2)
    #expect(Axis([.nan, .infinity], from: 0, to: 1).ticks.count > 2)
    #expect(Axis([0, 1e-20], from: 0, to: 1).ticks.map(\.text).contains("4e-21"))
    #expect(Axis([-1e308, 1.7e308], from: 0, to: 1).place(0).isFinite)
    #expect(Axis.decimal(-0.04, 1) == "0.0" && Axis.decimal(12.345, 2) == "12.35" && Axis.decimal(-0.5, 1) == "-0.5")
  }

  @Test func missing() throws {
    let rows = [
      MissingPlot.Row(name: "A/B:C", trains: [0..<1000]),
      MissingPlot.Row(name: String(repeating: "&\"", count: 100), trains: [0..<5, 500..<1000]),
      MissingPlot.Row(name: "none", trains: []),
      MissingPlot.Row(name: "alternating", trains: (0..<100).map { ($0 * 10)..<($0 * 10 + 5) }),
    ]
    let file = try #require(MissingPlot.file(rows, runTrains: 1000, title: "r"))
    #expect(file.count == MissingPlot.size(rows: 4))
    #expect(text(file).contains(#"M420 58H1020"#))
    #expect(MissingPlot.shares([0..<5, 500..<1000], 1000)[0] == 1 && MissingPlot.shares([0..<5], 1000)[1] == 0)
    #expect(MissingPlot.shares([1..<2], 2).prefix(100).allSatisfy { $0 == 0 })
    #expect(MissingPlot.shares([1..<2], 2).suffix(100).allSatisfy { $0 == 1 })
  }
}
