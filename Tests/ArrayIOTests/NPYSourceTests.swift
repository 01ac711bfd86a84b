import HDF5
import NPY
import RawHDF5
import Testing

@testable import ArrayIO

@Suite struct NPYSourceTests {
  @Test(arguments: [[], [0], [1], [37, 3], [200]])
  func rangesAcrossTheHeader(_ shape: [Int]) throws {
    let array = counting(twoBytes, shape)
    let source = NPYSource(array)
    let whole = array.description.header + pattern(array.description.dataSize)
    #expect(source.size == whole.count)
    #expect(try source.bytes(at: 0, count: whole.count) == whole)
    var random = SeededGenerator(seed: 31)
    for _ in 0..<200 {
      let offset = random.below(whole.count + 20)
      let count = random.below(whole.count + 20)
      let expected = offset < whole.count ? Array(whole[offset..<min(whole.count, offset + count)]) : []
      #expect(try source.bytes(at: offset, count: count) == expected)
    }
  }

  @Test func outsideThereIsNothing() throws {
    let sources: [any ByteSource] = [NPYSource(counting(oneByte, [10])), BytesSource(pattern(100))]
    for source in sources {
      for offset in [source.size, source.size + 1, Int.max, -1, Int.min] {
        #expect(try source.bytes(at: offset, count: 10).isEmpty)
      }
      #expect(try source.bytes(at: 5, count: 0).isEmpty)
    }
  }

  @Test func bytesInMemory() throws {
    let source = BytesSource(pattern(50))
    #expect(try source.bytes(at: 0, count: 50) == pattern(50))
    #expect(try source.bytes(at: 45, count: 50) == Array(pattern(50)[45...]))
  }

  @Test func errorsOfTheArrayComeOut() {
    struct Failing: ArraySource {
      let description = ArrayDescription(element: oneByte, shape: [10])!
      func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
        throw .damaged(file: "f", object: "o", reason: "r")
      }
    }
    let source = NPYSource(Failing())
    #expect(throws: ReadError.self) { try source.bytes(at: source.size - 1, count: 1) }
    // The header needs nothing from below.
    #expect(throws: Never.self) { try source.bytes(at: 0, count: source.size - 10) }
  }
}
