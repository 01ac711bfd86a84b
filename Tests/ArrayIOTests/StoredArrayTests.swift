import Glibc
import HDF5
import NPY
import RawHDF5
import TestRuns
import Testing

@testable import ArrayIO

/// Arrays made of rows of several datasets in several files, against the bytes that were written.
@Suite struct StoredArrayTests {
  private static let entry = [3, 5]
  private static let layouts: [(RawLayout, [RawFilter])] = [
    (.contiguous, []), (.chunked([4, 3, 5]), []), (.chunked([2, 2, 4]), [.shuffle, .deflate(level: 1)]),
    (.chunked([64, 8, 8]), [.fletcher32]), (.chunked([1, 3, 5]), [.deflate(level: 1)]),
  ]

  /// Several files with a dataset `d` of random rows, in every layout.
  private func files(_ directory: TemporaryDirectory, rows: [Int]) throws -> [(file: FileReference, bytes: [UInt8])] {
    var random = SeededGenerator(seed: 41)
    return try rows.enumerated().map { number, rows in
      let bytes = random.bytes(count: rows * 15 * 2)
      let (layout, filters) = Self.layouts[number % Self.layouts.count]
      let path = try directory.writeHDF5("\(number).h5") { file in
        try file.dataset("g/d", .uint16, shape: [rows] + Self.entry, .bytes(bytes), layout: layout, filters: filters)
      }
      return (FileReference(path: path, identity: try #require(FileIdentity(path: path))), bytes)
    }
  }

  private func reference(_ file: FileReference, _ object: String = "g/d") -> DatasetReference {
    let type = Datatype.integer(size: 2, signed: false, order: .little, isWhole: true)
    return DatasetReference(file: file, object: object, elements: .numpy(type))
  }

  @Test(arguments: [1, 4 << 20])
  func anyRangeOfManyParts(_ cacheSize: Int) throws {
    let directory = try TemporaryDirectory()
    let files = try files(directory, rows: [7, 12, 1, 20, 9])
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: cacheSize)
    var random = SeededGenerator(seed: 42)
    for _ in 0..<30 {
      var parts: [ArrayPart] = []
      var expected: [UInt8] = []
      for _ in 0..<random.below(6) {
        let (file, bytes) = files[random.below(files.count)]
        let rows = bytes.count / 30
        let first = random.below(rows)
        let count = random.below(rows - first + 1)
        parts.append(ArrayPart(dataset: reference(file), firstRow: first, rows: count))
        expected += bytes[(first * 30)..<((first + count) * 30)]
      }
      let array = try #require(StoredArray(element: twoBytes, entryShape: Self.entry, parts: parts, store))
      #expect(array.description.shape == [expected.count / 30] + Self.entry)
      try #require(array.description.dataSize == expected.count)
      #expect(try array.bytes(at: 0, count: expected.count) == expected)
      for _ in 0..<20 where !expected.isEmpty {
        let offset = random.below(expected.count)
        let count = random.below(expected.count - offset + 1)
        #expect(try array.bytes(at: offset, count: count) == Array(expected[offset..<(offset + count)]))
      }
    }
  }

  @Test func oneEntryHasNoFirstAxis() throws {
    let directory = try TemporaryDirectory()
    let (file, bytes) = try files(directory, rows: [7])[0]
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1 << 20)
    func array(_ rows: Int) throws -> StoredArray {
      let part = ArrayPart(dataset: reference(file), firstRow: 2, rows: rows)
      return try #require(
        StoredArray(element: twoBytes, entryShape: Self.entry, parts: [part], dropsFirstAxis: true, store))
    }
    #expect(try array(1).description.shape == [3, 5] && array(2).description.shape == [2, 3, 5])
    #expect(try array(1).bytes(at: 0, count: 30) == Array(bytes[60..<90]))
  }

  /// Strings of any length become byte strings of the longest, padded with NUL; in blocks that hang over the edge too.
  @Test(arguments: [RawLayout.contiguous, .chunked([2, 2]), .chunked([7, 5])])
  func stringsArePadded(_ layout: RawLayout) throws {
    let texts = (0..<15).map { String(repeating: "s", count: $0 % 6) + "\($0)" }
    let directory = try TemporaryDirectory()
    let path = try directory.writeHDF5("s.h5") {
      try $0.dataset("s", .variableString(), shape: [5, 3], .strings(texts), layout: layout)
    }
    let file = FileReference(path: path, identity: try #require(FileIdentity(path: path)))
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1 << 20)
    // 4 is shorter than the longest: nothing is cut.
    let short = ArrayPart(
      dataset: DatasetReference(file: file, object: "s", elements: .strings(length: 4)), firstRow: 1, rows: 4)
    let cut = try #require(StoredArray(element: .bytes(length: 4), entryShape: [3], parts: [short], store))
    #expect(throws: ReadError.self) { try cut.bytes(at: 0, count: 48) }
    for length in [7, 9] {
      let dataset = DatasetReference(file: file, object: "s", elements: .strings(length: length))
      let part = ArrayPart(dataset: dataset, firstRow: 1, rows: 4)
      let array = try #require(
        StoredArray(element: .bytes(length: length), entryShape: [3], parts: [part], store))
      let expected = texts[3...].flatMap { text in
        Array(text.utf8.prefix(length)) + Array(repeating: 0, count: max(0, length - text.utf8.count))
      }
      #expect(try array.bytes(at: 0, count: 12 * length) == expected)
      #expect(try array.bytes(at: length - 1, count: 5) == Array(expected[(length - 1)..<(length + 4)]))
    }
  }

  /// The file's own type may be another number: it is converted where every value of it stays what it is, and else refused.
  @Test func numbersAreConverted() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.writeHDF5("n.h5") {
      try $0.dataset(
        "n", .integer(size: 1, signed: false, bigEndian: true), shape: [2], .bytes([2, 9]))
      try $0.dataset(
        "wide", .integer(size: 4, signed: true, bigEndian: true), shape: [2], .bytes([0, 0, 0, 2, 0, 0, 0, 9]))
    }
    let file = FileReference(path: path, identity: try #require(FileIdentity(path: path)))
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1 << 20)
    let part = ArrayPart(dataset: reference(file, "n"), firstRow: 0, rows: 2)
    let array = try #require(StoredArray(element: twoBytes, entryShape: [], parts: [part], store))
    #expect(try array.bytes(at: 0, count: 4) == [2, 0, 9, 0])
    let wide = ArrayPart(dataset: reference(file, "wide"), firstRow: 0, rows: 2)
    let refused = try #require(StoredArray(element: twoBytes, entryShape: [], parts: [wide], store))
    let error = #expect(throws: ReadError.self) { try refused.bytes(at: 0, count: 4) }
    #expect(error?.description.contains(">i4, which does not become <u2 without loss") == true)
  }

  @Test func rowsThatAreNotThereAreAnError() throws {
    let directory = try TemporaryDirectory()
    let (file, _) = try files(directory, rows: [7])[0]
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1 << 20)
    for first in [6, 7, 1 << 47, Int.max / 30, Int.max] {
      let part = ArrayPart(dataset: reference(file), firstRow: first, rows: 2)
      let array = try #require(StoredArray(element: twoBytes, entryShape: Self.entry, parts: [part], store))
      let error = #expect(throws: ReadError.self) { try array.bytes(at: 0, count: 60) }
      #expect(error.map { "\($0)".contains(file.path) } == true)
    }
    let missing = ArrayPart(dataset: reference(file, "g/nothing"), firstRow: 0, rows: 1)
    let array = try #require(StoredArray(element: twoBytes, entryShape: [], parts: [missing], store))
    #expect(throws: ReadError.self) { try array.bytes(at: 0, count: 2) }
  }

  @Test func damagedChunksAreAnErrorNotZeros() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.writeHDF5("d.h5") {
      let bytes = pattern(20_000)
      try $0.dataset("g/d", .uint16, shape: [10_000], .bytes(bytes), layout: .chunked([10_000]), filters: [.fletcher32])
    }
    var bytes = try directory.read("d.h5")
    // Somewhere in the middle of the data, which is nearly all of the file.
    bytes[bytes.count / 2] ^= 0xFF
    try directory.write("d.h5", bytes)
    let file = FileReference(path: path, identity: try #require(FileIdentity(path: path)))
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1 << 20)
    let part = ArrayPart(dataset: reference(file), firstRow: 0, rows: 10_000)
    let array = try #require(StoredArray(element: twoBytes, entryShape: [], parts: [part], store))
    for _ in 0..<2 {
      let error = #expect(throws: ReadError.self) { try array.bytes(at: 0, count: 20_000) }
      #expect(error.map { "\($0)".contains("g/d") } == true)
    }
  }

  @Test func absurdPartsAreRefused() throws {
    let directory = try TemporaryDirectory()
    let (file, _) = try files(directory, rows: [1])[0]
    let store = DatasetStore(files: HDF5Files(inThisProcess: FileOpener()), cacheSize: 1)
    let part = ArrayPart(dataset: reference(file), firstRow: 0, rows: .max)
    #expect(StoredArray(element: twoBytes, entryShape: [], parts: [part], store) == nil)
    #expect(StoredArray(element: twoBytes, entryShape: [], parts: [part, part], store) == nil)
    #expect(StoredArray(element: twoBytes, entryShape: [1 << 40, 1 << 40], parts: [], store) == nil)
  }
}
