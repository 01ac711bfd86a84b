import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct StorageTests {
  private func storage(_ object: String, of path: String) throws(HDF5Error) -> Storage {
    try withDataset(object, of: path) { (dataset, library) throws(HDF5Error) in try dataset.storage(library) }
  }

  @Test func layouts() throws {
    let directory = try TemporaryDirectory()
    let raw = try directory.write("raw.bin", [1, 2, 3, 4])
    let other = try WrittenFile { try $0.dataset("there", .uint8, shape: [4], .bytes([9, 8, 7, 6])) }
    let made = try WrittenFile { file in
      try file.dataset("compact", .uint8, shape: [4], .bytes([1, 2, 3, 4]), layout: .compact)
      try file.dataset("contiguous", .uint8, shape: [4], .bytes([11, 12, 13, 14]))
      try file.dataset("unwritten", .uint8, shape: [4], .none)
      try file.dataset("chunked", .uint8, shape: [4, 4], .none, layout: .chunked([2, 3]))
      try file.dataset("external", .uint8, shape: [4], .none, layout: .external(raw))
      try file.virtualDataset("virtual", .uint8, shape: [4], of: other.path, "/there")
    }
    #expect(try storage("compact", of: made.path).layout == .compact)
    #expect(try storage("chunked", of: made.path).layout == .chunked(shape: [2, 3]))
    #expect(try storage("external", of: made.path).layout == .external)
    #expect(try storage("virtual", of: made.path).layout == .virtual)
    #expect(try storage("unwritten", of: made.path).layout == .contiguous(offset: nil))
    guard case .contiguous(let offset?) = try storage("contiguous", of: made.path).layout else {
      Issue.record("no offset")
      return
    }
    let bytes = try made.directory.read("made.h5")
    #expect(Array(bytes[Int(offset)..<(Int(offset) + 4)]) == [11, 12, 13, 14])
    let addresses = try ["compact", "contiguous", "chunked"].map { try storage($0, of: made.path).headerAddress }
    #expect(Set(addresses).count == 3)
  }

  @Test func filtersInTheirOrder() throws {
    let made = try WrittenFile { file in
      try file.dataset(
        "d", .uint16, shape: [8], .none, layout: .chunked([4]), filters: [.shuffle, .deflate(level: 6), .fletcher32])
      try file.dataset("plain", .uint16, shape: [8], .none, layout: .chunked([4]))
    }
    let filters = try storage("d", of: made.path).filters
    #expect(filters.map(\.identifier) == [2, 1, 3])
    #expect(filters.map(\.isAvailable) == [true, true, true])
    #expect(filters[0].parameters == [2] && filters[1].parameters == [6])
    #expect(filters[1].name == "deflate")
    #expect(try storage("plain", of: made.path).filters.isEmpty)
  }

  @Test func fillValues() throws {
    let made = try WrittenFile { file in
      try file.dataset("default", .uint16, shape: [4], .none)
      try file.dataset("chosen", .uint16, shape: [4], .none, fill: [0x34, 0x12])
      try file.dataset("strings", .variableString(), shape: [4], .none)
    }
    #expect(try storage("default", of: made.path).fillValue == [0, 0])
    #expect(try storage("chosen", of: made.path).fillValue == [0x34, 0x12])
    #expect(try storage("strings", of: made.path).fillValue == nil)
  }
}
