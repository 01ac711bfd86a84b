import Testing

@testable import Bridge

/// The bytes are those of the specification of MessagePack.
@Suite struct MessagePackTests {
  private func bytes(_ write: (inout MessagePack) -> Void) -> [UInt8] {
    var pack = MessagePack()
    write(&pack)
    return pack.bytes
  }

  @Test(
    arguments: [
      (UInt64(0), [0x00]), (127, [0x7F]), (128, [0xCC, 0x80]), (255, [0xCC, 0xFF]), (256, [0xCD, 1, 0]),
      (10001, [0xCD, 0x27, 0x11]), (65536, [0xCE, 0, 1, 0, 0]), (1 << 32, [0xCF, 0, 0, 0, 1, 0, 0, 0, 0]),
      (.max, [0xCF] + [UInt8](repeating: 0xFF, count: 8)),
    ] as [(UInt64, [UInt8])])
  func unsignedNumbers(_ number: UInt64, _ expected: [UInt8]) { #expect(bytes { $0.put(number) } == expected) }

  @Test(
    arguments: [
      (Int64(5), [0x05]), (-1, [0xFF]), (-32, [0xE0]), (-33, [0xD0, 0xDF]), (-128, [0xD0, 0x80]),
      (-129, [0xD1, 0xFF, 0x7F]), (-32769, [0xD2, 0xFF, 0xFF, 0x7F, 0xFF]),
      (.min, [0xD3, 0x80] + [UInt8](repeating: 0, count: 7)),
    ] as [(Int64, [UInt8])])
  func signedNumbers(_ number: Int64, _ expected: [UInt8]) { #expect(bytes { $0.put(number) } == expected) }

  @Test func floatsAndFlags() {
    #expect(bytes { $0.put(1.5) } == [0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0])
    #expect(bytes { $0.put(true) } == [0xC3])
    #expect(bytes { $0.put(false) } == [0xC2])
  }

  @Test(
    arguments: [
      (0, [0xA0]), (31, [0xBF]), (32, [0xD9, 32]), (255, [0xD9, 255]), (256, [0xDA, 1, 0]),
      (65536, [0xDB, 0, 1, 0, 0]),
    ] as [(Int, [UInt8])])
  func texts(_ count: Int, _ head: [UInt8]) {
    #expect(bytes { $0.put(String(repeating: "x", count: count)) } == head + [UInt8](repeating: 0x78, count: count))
  }

  @Test(
    arguments: [(0, [0xC4, 0]), (255, [0xC4, 255]), (256, [0xC5, 1, 0]), (65536, [0xC6, 0, 1, 0, 0])]
      as [(Int, [UInt8])])
  func binaries(_ count: Int, _ head: [UInt8]) {
    let data = [UInt8](repeating: 7, count: count)
    #expect(bytes { $0.put(binary: data, count: count) } == head + data)
  }

  @Test func containers() {
    #expect(bytes { $0.put(map: 15) } == [0x8F])
    #expect(bytes { $0.put(map: 16) } == [0xDE, 0, 16])
    #expect(bytes { $0.put(map: 65536) } == [0xDF, 0, 1, 0, 0])
    #expect(bytes { $0.put(array: 3) } == [0x93])
    #expect(bytes { $0.put(array: 16) } == [0xDC, 0, 16])
  }
}
