import NPY
import Testing

@testable import ArrayIO

@Suite struct MaskedArrayTests {
  @Test func nanWhereTheMaskIsNotZero() throws {
    let shape = [3, 5]
    for size in [2, 4, 8] {
      for big in [false, true] {
        for maskSize in [1, 2, 4, 8] {
          let data = counting(.float(size: size, bigEndian: big), shape)
          // A bit in any of the bytes counts.
          var flags = [UInt8](repeating: 0, count: 15 * maskSize)
          for element in [0, 4, 7, 14] { flags[element * maskSize + element % maskSize] = 0x80 }
          let element = ElementType.integer(size: maskSize, signed: false, bigEndian: big)
          let mask = MemoryArray(description: ArrayDescription(element: element, shape: shape)!, bytes: flags)
          let masked = try #require(MaskedArray(data, mask: mask))
          #expect(masked.description == data.description)
          let head: [UInt8] = size == 2 ? [0x7E] : size == 4 ? [0x7F, 0xC0] : [0x7F, 0xF8]
          let nan = head + [UInt8](repeating: 0, count: size - head.count)
          var expected = try data.bytes(at: 0, count: 15 * size)
          for element in [0, 4, 7, 14] {
            expected.replaceSubrange(element * size..<(element + 1) * size, with: big ? nan : nan.reversed())
          }
          for offset in 0...expected.count {
            for count in [0, 1, 3, 9, expected.count] where offset + count <= expected.count {
              let found = try masked.bytes(at: offset, count: count)
              guard found == Array(expected[offset..<(offset + count)]) else {
                Issue.record("\(size) \(big) \(maskSize) at \(offset), \(count)")
                return
              }
            }
          }
        }
      }
    }
  }

  @Test func whatDoesNotFit() {
    #expect(MaskedArray(counting(fourBytes, [2, 3]), mask: counting(oneByte, [2, 2])) == nil)
    #expect(MaskedArray(counting(twoBytes, [2, 3]), mask: counting(oneByte, [2, 3])) == nil)
    #expect(MaskedArray(counting(fourBytes, [2, 3]), mask: counting(fourBytes, [2, 3])) == nil)
  }
}
