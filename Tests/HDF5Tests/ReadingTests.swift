import RawHDF5
import TestRuns
import Testing

@testable import HDF5

@Suite struct ReadingTests {
  /// Reads a block of a dataset as numpy would get it.
  private func block(
    _ object: String, of path: String, start: [Int], count: [Int], tile: [Int]? = nil, fill: UInt8 = 0xEE
  ) throws(HDF5Error) -> [UInt8] {
    try withDataset(object, of: path) { (dataset, library) throws(HDF5Error) in
      let type = try MemoryType.numpy(try dataset.datatype(library), library)
      var bytes = [UInt8](repeating: fill, count: (tile ?? count).reduce(type.size, *))
      let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, HDF5Error> in
        do throws(HDF5Error) {
          return .success(try dataset.read(start: start, count: count, tile: tile, as: type, into: buffer, library))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      return bytes
    }
  }

  static let shape = [5, 4, 3]
  static let numbers = (0..<60).map { UInt16($0 * 7 + 1) }

  @Test(arguments: [RawLayout.contiguous, .compact, .chunked([2, 3, 2]), .chunked([5, 4, 3])])
  func hyperslabs(_ layout: RawLayout) throws {
    let made = try WrittenFile {
      try $0.dataset("d", .uint16, shape: Self.shape, .bytes(Self.numbers.rawBytes), layout: layout)
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<60 {
      let start = Self.shape.map { random.below($0) }
      let count = zip(Self.shape, start).map { random.below($0 - $1) + 1 }
      var naive: [UInt16] = []
      for x in 0..<count[0] {
        for y in 0..<count[1] {
          for z in 0..<count[2] { naive.append(Self.numbers[((start[0] + x) * 4 + start[1] + y) * 3 + start[2] + z]) }
        }
      }
      #expect(try block("d", of: made.path, start: start, count: count) == naive.rawBytes)
    }
  }

  @Test func tilesKeepTheirOwnRows() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [2, 2], .bytes([1, 2, 3, 4])) }
    let bytes = try block("d", of: made.path, start: [0, 0], count: [2, 2], tile: [3, 4], fill: 9)
    #expect(bytes == [1, 2, 9, 9, 3, 4, 9, 9, 9, 9, 9, 9])
  }

  @Test func singleValuesHaveNoShape() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint16, shape: nil, .bytes([0x39, 0x30])) }
    let shape = try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
      try dataset.shape(library)
    }
    #expect(shape.isEmpty)
    #expect(try block("d", of: made.path, start: [], count: []) == [0x39, 0x30])
  }

  @Test func whatLiesOutsideIsRefused() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [3, 2], .bytes([1, 2, 3, 4, 5, 6])) }
    let wrong: [(start: [Int], count: [Int])] = [
      ([0, 0], [4, 2]), ([3, 0], [1, 1]), ([0, 1], [1, 2]), ([-1, 0], [1, 1]), ([0, 0], [-1, 2]),
      // The rank is not the dataset's: libhdf5 would read behind the end of our arrays.
      ([0], [1]), ([0, 0, 0], [1, 1, 1]), ([0, 0], [1]), ([0], [1, 1]), ([], []),
    ]
    for (start, count) in wrong {
      let error = #expect(throws: HDF5Error.self, "\(start) \(count)") {
        try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
          var bytes = [UInt8](repeating: 0, count: 64)
          try dataset.read(
            start: start, count: count, as: .numpy(try dataset.datatype(library), library), into: &bytes, library)
        }
      }
      #expect(error?.object == "d" && error?.operation == "read")
    }
  }

  @Test func smallBuffersAreRefused() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint16, shape: [4], .bytes(Array(repeating: 1, count: 8))) }
    #expect(throws: HDF5Error.self) {
      try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
        var bytes = [UInt8](repeating: 0, count: 7)
        try dataset.read(
          start: [0], count: [4], as: .numpy(try dataset.datatype(library), library), into: &bytes, library)
      }
    }
  }

  /// The bytes that numpy gets: order kept, odd precisions widened, bool one byte.
  @Test func elementsAreAsNumpySeesThem() throws {
    let cases: [(RawType, [UInt8], [UInt8])] = [
      (.integer(size: 2, signed: false, bigEndian: true), [1, 2], [1, 2]),
      (.integer(size: 2, signed: false, precision: 12), [0x34, 0x12], [0x34, 0x02]),
      (.integer(size: 2, signed: true, precision: 12), [0xFF, 0x0F], [0xFF, 0xFF]),
      (.float(size: 2), [0x00, 0x3C], [0x00, 0x3C]), (.float(size: 2, bigEndian: true), [0x3C, 0x01], [0x3C, 0x01]),
      (.float(size: 4, bigEndian: true), [0x3F, 0x80, 0, 1], [0x3F, 0x80, 0, 1]),
      (.boolean, [1], [1]), (.enumeration(.int32, [("FALSE", 0), ("TRUE", 1)]), [1, 0, 0, 0], [1]),
      (.enumeration(.integer(size: 2, signed: true, bigEndian: true), [("A", 258)]), [1, 2], [1, 2]),
      (.compound(size: 4, [("a", 0, .uint8), ("b", 2, .uint16)]), [1, 0, 3, 4], [1, 0, 3, 4]),
      (.array(.integer(size: 2, signed: false, bigEndian: true), [2]), [1, 2, 3, 4], [1, 2, 3, 4]),
      (.opaque(size: 3, tag: "x"), [7, 8, 9], [7, 8, 9]), (.bitfield(size: 2), [0xA5, 0x5A], [0xA5, 0x5A]),
      (.fixedString(length: 4), Array("ab\0\0".utf8), Array("ab\0\0".utf8)),
      (.fixedString(length: 4, padding: .nullTerminated), Array("ab\0c".utf8), Array("ab\0\0".utf8)),
      (.fixedString(length: 4, padding: .spacePadded), Array("ab  ".utf8), Array("ab\0\0".utf8)),
    ]
    for (type, stored, expected) in cases {
      let made = try WrittenFile { try $0.dataset("d", type, shape: [1], .bytes(stored)) }
      #expect(try block("d", of: made.path, start: [0], count: [1], fill: 0) == expected, "\(type)")
    }
  }

  @Test func whatHasNoLayoutIsRefused() throws {
    for type in [RawType.variableString(), .sequence(.int32), .bfloat16] {
      let made = try WrittenFile { try $0.dataset("d", type, shape: [1], .none) }
      #expect(throws: HDF5Error.self) { try block("d", of: made.path, start: [0], count: [1]) }
    }
  }

  @Test func integersOfAnyKindBecomeCounts() throws {
    let made = try WrittenFile { file in
      try file.dataset("u4", .uint32, shape: [3], .bytes([UInt32]([1, 2, 3]).rawBytes))
      try file.dataset("i8", .int64, shape: [2], .bytes([Int64]([-5, 7]).rawBytes))
      try file.dataset(
        "big", .integer(size: 8, signed: false, bigEndian: true), shape: [1], .bytes([0, 0, 0, 0, 0, 0, 1, 2]))
      try file.dataset("flag", .int32, shape: [2], .bytes([Int32]([-1, 1]).rawBytes))
      try file.dataset("f8", .float64, shape: [1], .bytes([1.0].rawBytes))
      try file.dataset("matrix", .uint64, shape: [1, 2], .none)
      try file.dataset("scalar", .uint64, shape: nil, .none)
      try file.dataset("endless", .uint64, shape: [1 << 40], .none, layout: .chunked([1 << 10]))
      try file.dataset("empty", .uint64, shape: [0], .none)
    }
    func counts(_ object: String, limit: Int? = nil) throws(HDF5Error) -> [UInt64] {
      try withDataset(object, of: made.path) { (dataset, library) throws(HDF5Error) in
        try dataset.column(limit: limit, library).bits
      }
    }
    #expect(try counts("u4") == [1, 2, 3])
    #expect(try counts("u4", limit: 2) == [1, 2])
    #expect(try counts("u4", limit: 9) == [1, 2, 3])
    // Negative numbers as they are, in two's complement.
    #expect(try counts("i8") == [UInt64(bitPattern: -5), 7])
    #expect(try counts("big") == [258])
    #expect(try counts("empty").isEmpty)
    #expect(try counts("endless", limit: 3) == [0, 0, 0])
    for object in ["f8", "matrix", "scalar", "endless"] {
      let error = #expect(throws: HDF5Error.self) { try counts(object) }
      #expect(error?.object == object)
    }
    let flags = try withDataset("flag", of: made.path) { (dataset, library) throws(HDF5Error) in
      try dataset.column(limit: nil, library)
    }
    #expect(flags.isSigned && flags.bits == [.max, 1])
  }

  @Test func extentsWithoutEndAreRefused() throws {
    let made = try WrittenFile { try $0.dataset("d", .uint8, shape: [Int.max], .none, layout: .chunked([1 << 20])) }
    #expect(throws: HDF5Error.self) {
      try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in try dataset.shape(library) }
    }
  }
}
