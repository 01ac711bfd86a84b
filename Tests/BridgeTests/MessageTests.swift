import NPY
import RunArrays
import Testing

@testable import Bridge

@Suite struct MessageTests {
  private static let source = "SA1_XTD2_XGM/XGM/DOOCS"

  private func parts(
    _ values: [TrainValue], _ version: BridgeEncoder.Version = .current, nanoseconds: UInt64 = 0,
    report: @escaping (String) -> Void = { _ in }
  ) -> [[UInt8]] {
    var encoder = BridgeEncoder([Self.source], version: version, time: .recorded([nanoseconds]), report: report)
    return encoder.message(of: TrainValues(trainID: 10001, position: 0, values: [values])).parts.map { part in
      switch part {
      case .bytes(let bytes): bytes
      case .value: []
      }
    }
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// What Python's server sends for the same source and train.
  @Test func headerIsThatOfTheProtocol() {
    #expect(
      hex(parts([])[0])
        == "83a6736f75726365b65341315f585444325f58474d2f58474d2f444f4f4353a7636f6e74656e74a76d73677061636ba86d65746164617461"
        + "82a6736f75726365b65341315f585444325f58474d2f58474d2f444f4f4353ad74696d657374616d702e746964cd2711")
    #expect(parts([])[1] == [0x80])
  }

  @Test func scalarsAndArrays() {
    let scalar = TrainValue(
      key: "a.value", element: .float(size: 4, bigEndian: false), shape: [], bytes: [0, 0, 0, 0x3F])
    let array = TrainValue(
      key: "v", element: .integer(size: 2, signed: false, bigEndian: false), shape: [2], bytes: [1, 0, 2, 0])
    let parts = parts([scalar, array])
    #expect(parts.count == 4)
    #expect(parts[1] == [0x81, 0xA7] + Array("a.value".utf8) + [0xCB, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0])
    let tail: [UInt8] = [0xA5] + Array("dtype".utf8) + [0xA6] + Array("uint16".utf8) + [0xA5] + Array("shape".utf8)
    #expect(parts[2].suffix(tail.count + 2) == tail + [0x91, 2])
    #expect(parts[3] == [1, 0, 2, 0])
  }

  @Test func timeIsThatOfTheTrain() {
    let text = String(decoding: parts([], nanoseconds: 1_600_000_000_000_000_789)[0], as: UTF8.self)
    #expect(text.contains("1600000000"))
    #expect(text.contains("000000789000000000"))
  }

  @Test func firstProtocolHasOnePart() {
    let scalar = TrainValue(
      key: "a.value", element: .float(size: 4, bigEndian: false), shape: [], bytes: [0, 0, 0, 0x3F])
    let parts = parts([scalar], .first)
    #expect(parts.count == 1)
    #expect(hex(parts[0]).hasSuffix("83c4026e64c2c40474797065a33c6634c40464617461c4040000003f"))
  }

  @Test func whatCannotBeSentIsSaidOnce() {
    let strings = TrainValue(
      key: "s.value", element: .bytes(length: 2), shape: [2], isText: true, bytes: [65, 0, 66, 0])
    var said: [String] = []
    var encoder = BridgeEncoder([Self.source], version: .current, time: .recorded([])) { said.append($0) }
    for _ in 0..<3 {
      #expect(encoder.message(of: TrainValues(trainID: 1, position: 0, values: [[strings]])).parts.count == 2)
    }
    #expect(said.count == 1 && said[0].contains("s.value"))
  }

  @Test(
    arguments: [
      (ElementType.integer(size: 1, signed: true, bigEndian: false), [0xFF], BridgeScalar.signed(-1)),
      (.integer(size: 2, signed: false, bigEndian: true), [1, 2], .unsigned(258)),
      (.integer(size: 8, signed: false, bigEndian: false), [UInt8](repeating: 0xFF, count: 8), .unsigned(.max)),
      (.float(size: 2, bigEndian: false), [0x00, 0x3C], .float(1)),
      (.float(size: 8, bigEndian: true), [0x3F, 0xF8, 0, 0, 0, 0, 0, 0], .float(1.5)),
      (.boolean, [1], .flag(true)),
      (.bytes(length: 4), [79, 78, 0, 0], .bytes([79, 78])),
    ] as [(ElementType, [UInt8], BridgeScalar)])
  func scalars(_ element: ElementType, _ bytes: [UInt8], _ expected: BridgeScalar) {
    #expect(BridgeScalar(TrainValue(key: "k", element: element, shape: [], bytes: bytes)) == expected)
  }

  @Test func complexNumbersAreArrays() {
    let value = TrainValue(
      key: "c", element: .complex(size: 8, bigEndian: false), shape: [], bytes: [UInt8](repeating: 0, count: 8))
    #expect(BridgeScalar(value) == nil)
    #expect(parts([value]).count == 4)
  }
}
