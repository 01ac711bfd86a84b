import HDF5
import RawHDF5
import Testing

@testable import ArrayIO
@testable import NPY

@Suite struct SlicedArrayTests {
  /// A slice of random terms for a shape, mostly inside of it.
  private func slice(of shape: [Int], _ random: inout SeededGenerator) -> String {
    var terms: [String] = []
    let given = random.below(shape.count + 1)
    let ellipsis = given < shape.count && random.below(2) == 0 ? random.below(given + 1) : -1
    for number in 0..<given {
      if number == ellipsis { terms.append("...") }
      let axis = ellipsis >= 0 && number >= ellipsis ? shape.count - given + number : number
      if random.below(3) == 0, shape[axis] > 0 {
        terms.append("\(random.below(2 * shape[axis]) - shape[axis])")
      } else {
        func bound() -> String { random.below(3) == 0 ? "" : "\(random.below(2 * shape[axis] + 3) - shape[axis] - 1)" }
        terms.append("\(bound()):\(bound())" + (random.below(2) == 0 ? ":\(random.below(3) + 1)" : ""))
      }
    }
    if ellipsis == given || terms.isEmpty { terms.append("...") }
    return terms.joined(separator: ",")
  }

  /// Each selected element, one after the other.
  private func naive(_ base: MemoryArray, _ selections: [Slice.Selection]) throws -> [UInt8] {
    let size = base.description.element.size
    var places = [0]
    for (selection, extent) in zip(selections, base.description.shape) {
      places = places.flatMap { place in
        (0..<selection.count).map { place * extent + selection.start + $0 * selection.step }
      }
    }
    return try places.flatMap { try base.bytes(at: $0 * size, count: size) }
  }

  @Test func agreesWithCounting() throws {
    var random = SeededGenerator(seed: 21)
    for _ in 0..<800 {
      let shape = (0..<random.below(5)).map { _ in random.below(6) }
      let base = counting([oneByte, twoBytes, .raw(length: 3)][random.below(3)], shape)
      let text = slice(of: shape, &random)
      let slice = try Slice(text)
      let selections = try slice.selections(of: shape)
      let sliced = try SlicedArray(base, slice)
      let expected = try naive(base, selections)
      #expect(sliced.description.shape == selections.filter { !$0.isDropped }.map(\.count))
      try #require(sliced.description.dataSize == expected.count, "\(text) of \(shape)")
      #expect(try sliced.bytes(at: 0, count: expected.count) == expected, "\(text) of \(shape)")
      // And any part of it.
      for _ in 0..<4 where !expected.isEmpty {
        let offset = random.below(expected.count)
        let count = random.below(expected.count - offset + 1)
        #expect(try sliced.bytes(at: offset, count: count) == Array(expected[offset..<(offset + count)]))
      }
    }
  }

  @Test func aSliceOfASlice() throws {
    let base = counting(twoBytes, [6, 5])
    let rows = try SlicedArray(base, try Slice("::2"))
    let column = try SlicedArray(rows, try Slice(":,3"))
    #expect(column.description.shape == [3])
    #expect(try column.bytes(at: 0, count: 6) == [3, 13, 23].flatMap { try base.bytes(at: $0 * 2, count: 2) })
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let base = counting(oneByte, [2, 2])
    for text in ["2", "0,0,0", "-3", "...,2"] {
      let slice = try Slice(text)
      #expect(throws: Slice.Invalid.self) { try SlicedArray(base, slice) }
    }
  }

  /// Only what is selected is asked for, with what lies between neighbours that are close.
  @Test func littleElseIsRead() throws {
    let near = Recording(counting(oneByte, [100, 10]))
    #expect(try SlicedArray(near, try Slice("40:42,2:4")).bytes(at: 0, count: 4).count == 4)
    #expect(near.ranges == [402..<414])
    let far = Recording(counting(oneByte, [3, 8192]))
    _ = try SlicedArray(far, try Slice("::2,2:4")).bytes(at: 0, count: 4)
    #expect(far.ranges == [2..<4, 16_386..<16_388])
    let whole = Recording(counting(oneByte, [100, 10]))
    _ = try SlicedArray(whole, try Slice("40:42")).bytes(at: 0, count: 20)
    #expect(whole.ranges == [400..<420])
  }

  /// The step of a name that anybody can ask for must not be multiplied.
  @Test(arguments: [
    "::9223372036854775807,0", "1::9223372036854775807", "...,2::4611686018427387904", "1:2:9223372036854775807,::2",
  ])
  func stepsWithoutEnd(_ text: String) throws {
    let base = counting(twoBytes, [3, 5])
    let slice = try Slice(text)
    let sliced = try SlicedArray(base, slice)
    let expected = try naive(base, try slice.selections(of: [3, 5]))
    #expect(try sliced.bytes(at: 0, count: expected.count) == expected)
  }
}

/// Notes what is asked of an array.
final class Recording: ArraySource, @unchecked Sendable {
  // Unchecked: used by one thread.
  private let base: any ArraySource
  private(set) var ranges: [Range<Int>] = []
  init(_ base: any ArraySource) { self.base = base }
  var description: ArrayDescription { base.description }

  func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    ranges.append(offset..<(offset + output.count))
    try base.read(dataAt: offset, into: output)
  }
}
