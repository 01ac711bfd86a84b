import ArrayIO
import NPY
import Testing

@Suite struct ArrayDescriptionTests {
  @Test(arguments: [([], 4), ([3], 12), ([3, 5], 60), ([0], 0), ([5, 0, 7], 0)])
  func sizes(_ shape: [Int], _ size: Int) throws {
    let description = try #require(ArrayDescription(element: fourBytes, shape: shape))
    #expect(description.dataSize == size)
    #expect(description.header == Header.encode(fourBytes, shape: shape))
  }

  @Test(arguments: [
    [-1], [5, -1], [1 << 61], [1 << 40, 1 << 40], [.max, .max],
    // numpy refuses these too, though they have no elements: strides could not be computed.
    [0, 1 << 40, 1 << 40], [1 << 40, 1 << 40, 0],
  ])
  func absurdShapes(_ shape: [Int]) {
    #expect(ArrayDescription(element: fourBytes, shape: shape) == nil)
  }

  @Test func theLargestFile() throws {
    #expect(ArrayDescription(element: oneByte, shape: [1 << 62])?.dataSize == 1 << 62)
    #expect(ArrayDescription(element: oneByte, shape: [1 << 62 + 1]) == nil)
  }

  /// The strides of an array that has no elements, because one axis has none.
  @Test func emptyArraysCanBeSliced() throws {
    let base = counting(twoBytes, [4, 0, 3])
    let sliced = try SlicedArray(base, try Slice("1:3,...,2"))
    #expect(sliced.description.shape == [2, 0] && sliced.description.dataSize == 0)
    #expect(try sliced.bytes(at: 0, count: 0).isEmpty)
  }
}
