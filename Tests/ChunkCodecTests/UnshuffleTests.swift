import CKernels
import RawHDF5
import Testing

/// The definition, byte by byte.
private func naiveUnshuffle(_ shuffled: [UInt8], elementSize: Int) -> [UInt8] {
  let count = shuffled.count / elementSize
  var result = shuffled
  for element in 0..<count {
    for plane in 0..<elementSize { result[element * elementSize + plane] = shuffled[plane * count + element] }
  }
  return result
}

@Suite struct UnshuffleTests {
  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 300, 5000])
  func equalsTheDefinition(elementSize: Int) {
    var random = SeededGenerator(seed: UInt64(elementSize))
    // Lengths around the vector width, whole and with a remainder of less than an element, and long ones.
    let counts = Array(0...50) + [127, 128, 129, 1000]
    for count in counts where count * elementSize < 600_000 {
      for tail in Set([0, 1, elementSize - 1]) where tail < elementSize {
        let input = random.bytes(count: count * elementSize + tail)
        var output = [UInt8](repeating: 0xaa, count: input.count + 16)
        // One byte in: neither buffer need be aligned.
        output.withUnsafeMutableBufferPointer { out in
          input.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let to = out.baseAddress else { return }
            ckernels_unshuffle(from, to + 1, source.count, elementSize)
          }
        }
        #expect(Array(output[1..<input.count + 1]) == naiveUnshuffle(input, elementSize: elementSize))
        #expect(output[0] == 0xaa && output[(input.count + 1)...].allSatisfy { $0 == 0xaa }, "nothing written outside")
      }
    }
  }

  @Test func elementSizeZeroCopies() {
    let input: [UInt8] = [1, 2, 3]
    var output: [UInt8] = [0, 0, 0]
    ckernels_unshuffle(input, &output, 3, 0)
    #expect(output == input)
  }

  @Test func fletcher32OfKnownBytes() {
    // Values of H5_checksum_fletcher32 for short inputs, by hand: words 0x0102, 0x0304 and 0x0500.
    #expect(ckernels_fletcher32([], 0) == 0)
    #expect(ckernels_fletcher32([1, 2], 2) == 0x0102_0102)
    #expect(ckernels_fletcher32([1, 2, 3, 4], 4) == 0x0508_0406)
    #expect(ckernels_fletcher32([1, 2, 3, 4, 5], 5) == 0x0e0e_0906)
  }
}
