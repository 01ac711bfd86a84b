import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct StringTests {
  private func strings(_ object: String, of path: String) throws(HDF5Error) -> [String] {
    try withDataset(object, of: path) { (dataset, library) throws(HDF5Error) in
      try dataset.strings(library).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test func ofAnyLength() throws {
    let texts = ["", "a", "μJ", String(repeating: "long ", count: 500), "with, comma\nand line"]
    let made = try WrittenFile { file in
      try file.dataset("utf8", .variableString(), shape: [5], .strings(texts))
      try file.dataset("ascii", .variableString(isUTF8: false), shape: [2, 1], .strings(["x", "yz"]))
      try file.dataset("never", .variableString(), shape: [3], .none)
      try file.dataset("empty", .variableString(), shape: [0], .none)
      try file.dataset("scalar", .variableString(), shape: nil, .strings(["one"]))
    }
    #expect(try strings("utf8", of: made.path) == texts)
    #expect(try strings("ascii", of: made.path) == ["x", "yz"])
    #expect(try strings("never", of: made.path) == ["", "", ""])
    #expect(try strings("empty", of: made.path).isEmpty)
    #expect(try strings("scalar", of: made.path) == ["one"])
  }

  @Test func ofFixedLength() throws {
    let field = Array("abcd".utf8) + Array("e\0\0\0".utf8) + Array("\0\0\0\0".utf8)
    let made = try WrittenFile { file in
      try file.dataset("padded", .fixedString(length: 4), shape: [3], .bytes(field))
      try file.dataset(
        "ended", .fixedString(length: 4, padding: .nullTerminated), shape: [1], .bytes(Array("a\0bc".utf8)))
      try file.dataset("blanks", .fixedString(length: 4, padding: .spacePadded), shape: [1], .bytes(Array("a   ".utf8)))
    }
    #expect(try strings("padded", of: made.path) == ["abcd", "e", ""])
    #expect(try strings("ended", of: made.path) == ["a"])
    #expect(try strings("blanks", of: made.path) == ["a"])
  }

  @Test func blocksOfThem() throws {
    let texts = (0..<12).map { "n\($0)" }
    let made = try WrittenFile {
      try $0.dataset("d", .variableString(), shape: [4, 3], .strings(texts), layout: .chunked([2, 2]))
    }
    let block = try withDataset("d", of: made.path) { (dataset, library) throws(HDF5Error) in
      try dataset.strings(start: [1, 1], count: [2, 2], library)
    }
    #expect(block == ["n4", "n5", "n7", "n8"].map { Array($0.utf8) })
  }

  @Test func numbersAndMonstersAreRefused() throws {
    let made = try WrittenFile { file in
      try file.dataset("numbers", .uint8, shape: [2], .bytes([1, 2]))
      try file.dataset("endless", .variableString(), shape: [1 << 40], .none, layout: .chunked([1 << 10]))
      try file.dataset("fat", .fixedString(length: 1 << 20), shape: [1 << 20], .none, layout: .chunked([1]))
      try file.dataset("product", .variableString(), shape: [1 << 40, 1 << 40], .none, layout: .chunked([1, 1]))
    }
    for object in ["numbers", "endless", "fat", "product"] {
      let error = #expect(throws: HDF5Error.self) { try strings(object, of: made.path) }
      #expect(error?.object == object && error?.file == made.path)
    }
  }
}
