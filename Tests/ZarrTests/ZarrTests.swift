import ArrayIO
import HDF5
import NPY
import Testing

@testable import Zarr

private func array(
  _ element: ElementType, _ shape: [Int], rows: Int = 1, units: String? = nil, size: Int = ZarrArray.usualChunkSize
) -> ZarrArray? {
  let names = ["trainId", "dim_0", "dim_1"].prefix(shape.count)
  return ZarrArray(
    name: "x", ArrayDescription(element: element, shape: shape)!, dimensions: Array(names), units: units,
    fileRows: rows, chunkSize: size)
}

private let float = ElementType.float(size: 4, bigEndian: false)
private let byte = ElementType.integer(size: 1, signed: false, bigEndian: false)

private func text(_ json: JSON) -> String { String(decoding: json.bytes, as: UTF8.self) }

@Suite struct ZarrTests {
  @Test func metadata() throws {
    let zarr = try #require(array(byte, [5, 3], units: "μJ"))
    #expect(
      text(zarr.metadata) == """
        {"zarr_format": 2, "shape": [5, 3], "chunks": [5, 3], "dtype": "|u1", "compressor": null, "fill_value": null, \
        "order": "C", "filters": null}
        """)
    #expect(text(zarr.attributes) == #"{"_ARRAY_DIMENSIONS": ["trainId", "dim_0"], "units": "\u03bcJ"}"#)
    let date = try #require(array(byte, [5], units: "days since 2000-01-01"))
    #expect(text(date.attributes) == #"{"_ARRAY_DIMENSIONS": ["trainId"]}"#)
    let group = ZarrGroup(arrays: [date], coordinates: ["a", "b"], attributes: [("source", "S\"/\\\n")])
    #expect(text(group.attributeValues) == #"{"coordinates": "a b", "source": "S\"/\\\u000a"}"#)
    #expect(text(group.consolidated).hasPrefix(#"{"zarr_consolidated_format": 1, "metadata": {".zgroup": {"zarr_f"#))
    #expect(text(group.consolidated).contains(#""x/.zattrs": {"_ARRAY_DIMENSIONS""#))
  }

  @Test func chunks() throws {
    let image = try #require(array(float, [1000, 1024, 1024]))
    #expect(image.chunkShape == [8, 1024, 1024] && image.chunkSize == 32 << 20 && image.chunkCount == 125)
    #expect(image.chunkName(3) == "3.0.0" && image.chunk(named: "3.0.0") == 3)
    #expect(image.rows(ofChunk: 124) == 992..<1000)
    for name in ["125.0.0", "03.0.0", "+3.0.0", "3", "-1.0.0", "3.0.1", ""] { #expect(image.chunk(named: name) == nil) }
    // As many as the file's rows, times a power of two, and fewer where these are too many.
    #expect(try #require(array(float, [1000, 1024, 256], rows: 3)).chunkRows == 24)
    #expect(try #require(array(float, [1000, 1024, 1024], rows: 30)).chunkRows == 8)
    #expect(try #require(array(float, [1000, 8192, 8192])).chunkRows == 1)
    #expect(try #require(array(float, [])).chunkName(0) == "0")
    let empty = try #require(array(float, [0, 0]))
    #expect(empty.chunkShape == [1, 1] && empty.chunkCount == 0)
    #expect(try #require(array(float, [3, 0])).chunkCount == 0)
  }

  @Test func whatZarrCannotHold() {
    #expect(array(.bytes(length: 0), [2]) == nil && array(.raw(length: 3), [2]) == nil)
    #expect(array(.structure(fields: [], size: 4), [2]) == nil)
    #expect(array(.float(size: 16, bigEndian: false), [2]) == nil)
    #expect(ZarrArray(name: "x", ArrayDescription(element: byte, shape: [2, 2])!, dimensions: ["a", "a"]) == nil)
    #expect(ZarrArray(name: "x", ArrayDescription(element: byte, shape: [2, 2])!, dimensions: ["a"]) == nil)
  }

  private func read(_ source: ChunkSource, at offset: Int, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    let done = try bytes.withUnsafeMutableBytes { try source.read(at: offset, into: $0) }
    return Array(bytes[..<done])
  }

  /// A chunk is a window of the array, padded at the end.
  @Test func windows() throws {
    for (element, wide) in [(byte, 1), (ElementType.bytes(length: 1), 2), (.bytes(length: 3), 3)] {
      let description = ArrayDescription(element: element, shape: [11, 3])!
      let data = (0..<description.dataSize).map { UInt8($0 + 1) }
      let zarr = try #require(array(element, [11, 3], size: 30 * wide))
      #expect(zarr.element.size == wide && zarr.chunkRows == 8)
      let padded: [UInt8] = data.flatMap { wide == 2 ? [$0, 0] : [$0] }
      let memory = MemoryArray(description: description, bytes: data)
      let whole = padded + [UInt8](repeating: 0, count: 2 * zarr.chunkSize - padded.count)
      for chunk in 0..<2 {
        let source = ChunkSource(chunk, of: zarr, memory)
        #expect(source.size == zarr.chunkSize)
        for offset in 0...source.size {
          for count in [1, 2, 5, source.size + 3] {
            let end = min(source.size, offset + count)
            let expected = Array(whole[(chunk * source.size + offset)..<(chunk * source.size + end)])
            let found = try read(source, at: offset, count)
            guard found == expected else {
              Issue.record("\(element.descriptor) \(chunk) \(offset) \(count): \(found), not \(expected)")
              return
            }
          }
        }
      }
    }
  }

  @Test func labels() {
    let labels = Labels(
      [
        .init(name: "dims", shape: [9, 2], entrySize: 16),
        .init(name: "pixels", shape: [9, 255, 1024], entrySize: 255 * 2048),
        .init(name: "late", shape: [4, 255], entrySize: 255),
        .init(name: "trainId", shape: [9], entrySize: 8),
      ], entries: "trainId")
    #expect(labels.dimensions[0] == ["trainId", "dims_dim_0"])
    #expect(labels.dimensions[1] == ["trainId", "dim_0", "dim_1"])
    #expect(labels.dimensions[2] == ["late_trainId", "dim_0"])
    #expect(labels.dimensions[3] == ["trainId"])
    #expect(labels.names == ["dims", "pixels", "late", "trainId_"])
    #expect(labels.entryAxes.map(\.dimension) == ["trainId", "late_trainId"])
    #expect(labels.entryAxes.map(\.key) == [1, 2])
  }
}
