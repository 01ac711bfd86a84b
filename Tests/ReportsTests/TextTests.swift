import NPY
import Testing

@testable import Reports

/// Fields of tables, and one element of each type as text.
@Suite struct TextTests {
  private func csv(_ fields: [String]) -> String {
    var csv = CSV(header: fields)
    csv.field("end")
    csv.endLine()
    return String(decoding: csv.bytes, as: UTF8.self)
  }

  @Test func fieldsAreQuotedOnlyWhereTheyMust() {
    #expect(csv(["a", "b c", "", "ü"]) == "a,b c,,ü\nend\n")
    #expect(
      csv(["a,b", "say \"hi\"", "two\nlines", "cr\r", "\r\n"])
        == "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"cr\r\",\"\r\n\"\nend\n")
    #expect(csv(["\"", "'", ";"]) == "\"\"\"\",',;\nend\n")
  }

  @Test func controlCharactersAreWrittenOut() {
    #expect(
      csv(["\u{1B}[31m", "two\nlines\u{7}", "tab\t", "\0,\u{9B}"])
        == "\\x1b[31m,\"two\nlines\\x07\",tab\t,\"\\x00,\\x9b\"\nend\n")
    var text = Text()
    text.append(line: "name\u{1B}\n\t", "type\t", "\u{85}")
    #expect(String(decoding: text.bytes, as: UTF8.self) == "name\\x1b\\n\\t\ttype\\t\t\\x85\n")
  }

  @Test func emptyFieldsAndNumbers() {
    var csv = CSV(header: ["a", "b", "c"])
    csv.emptyField()
    csv.field(number: Int64.min)
    csv.field(number: UInt64.max)
    csv.endLine()
    csv.emptyField()
    csv.emptyField()
    csv.field(number: 0)
    csv.endLine()
    #expect(String(decoding: csv.bytes, as: UTF8.self) == "a,b,c\n,-9223372036854775808,18446744073709551615\n,,0\n")
  }

  private func text(_ element: ElementType, _ bytes: [UInt8]) -> String {
    var text = Text()
    bytes.withUnsafeBytes { ElementText.append(element, $0, to: &text) }
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private func raw<Value>(_ value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

  @Test(arguments: [1, 2, 4, 8])
  func integersOfEverySize(_ size: Int) {
    for big in [false, true] {
      func bytes(_ number: UInt64) -> [UInt8] {
        let little = (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        return big ? little.reversed() : little
      }
      let most = UInt64.max >> (64 - 8 * size)
      #expect(text(.integer(size: size, signed: false, bigEndian: big), bytes(most)) == "\(most)")
      #expect(text(.integer(size: size, signed: true, bigEndian: big), bytes(most)) == "-1")
      #expect(text(.integer(size: size, signed: true, bigEndian: big), bytes(most / 2 + 1)) == "-\(most / 2 + 1)")
      #expect(text(.integer(size: size, signed: true, bigEndian: big), bytes(most / 2)) == "\(most / 2)")
      #expect(text(.integer(size: size, signed: false, bigEndian: big), bytes(7)) == "7")
    }
  }

  @Test func floatsReadBackToTheSame() {
    let double = ElementType.float(size: 8, bigEndian: false)
    for value in [0.1, 1.0 / 3, 1e300, .leastNonzeroMagnitude, 123_456_789.123, -2.5, 1e16, 0, -0.0] {
      let written = text(double, raw(value))
      #expect(Double(written)?.bitPattern == value.bitPattern, "\(written)")
    }
    #expect(text(double, raw(0.1)) == "0.1")
    #expect(text(.float(size: 4, bigEndian: false), raw(Float(0.1))) == "0.1")
    #expect(text(.float(size: 4, bigEndian: true), raw(Float(0.1).bitPattern.bigEndian)) == "0.1")
    #expect(text(.float(size: 2, bigEndian: false), raw(UInt16(0x3C01))) == "1.001")
    #expect(text(.float(size: 8, bigEndian: true), raw((-2.5).bitPattern.bigEndian)) == "-2.5")
  }

  /// One word for what is no number, whatever its sign and payload: other programs know no more of them.
  @Test func whatIsNoNumber() {
    let double = ElementType.float(size: 8, bigEndian: false)
    for bits in [0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x7FF8_0000_0000_0001, 0x7FF4_0000_0000_0000] as [UInt64]
    {
      #expect(text(double, raw(bits)) == "NaN")
    }
    for bits in [0x7FC0_0000, 0xFFC0_0000, 0x7FC0_1234, 0x7FA0_0000] as [UInt32] {
      #expect(text(.float(size: 4, bigEndian: false), raw(bits)) == "NaN")
    }
    #expect(text(.float(size: 2, bigEndian: false), [0x01, 0xFE]) == "NaN")
    #expect(text(double, raw(Double.infinity)) == "inf" && text(double, raw(-Double.infinity)) == "-inf")
  }

  @Test func complexNumbersAsPythonWritesThem() {
    let complex = ElementType.complex(size: 8, bigEndian: false)
    #expect(text(complex, raw(Float(1.5)) + raw(Float(-2))) == "1.5-2.0j")
    #expect(text(complex, raw(Float(0)) + raw(Float(2))) == "0.0+2.0j")
    #expect(text(complex, raw(Float(0)) + raw(-Float.nan)) == "0.0+NaNj")
    #expect(
      text(.complex(size: 16, bigEndian: true), raw(1.0.bitPattern.bigEndian) + raw(0.5.bitPattern.bigEndian))
        == "1.0+0.5j")
  }

  @Test func everythingElse() {
    #expect(text(.boolean, [0]) == "false" && text(.boolean, [1]) == "true")
    #expect(text(.bytes(length: 4), Array("ab\0\0".utf8)) == "ab" && text(.bytes(length: 2), Array("ab".utf8)) == "ab")
    #expect(text(.bytes(length: 3), [0, 0, 0]).isEmpty)
    #expect(text(.bytes(length: 2), [0xFF, 0x41]) == "\u{FFFD}A")
    #expect(text(.raw(length: 3), [0x01, 0xAB, 0xF0]) == "01abf0")
    #expect(text(.time(descriptor: "<M8[ns]"), raw(Int64(-5))) == "-5")
    #expect(text(.time(descriptor: ">M8[ns]"), raw(Int64(5).bigEndian)) == "5")
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000000Z"), (1_763_824_178_123_456_789, "2025-11-22T15:09:38.123456789Z"),
      // Leap years: 2000 and 2024 are, 2100 is none.
      (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
      (951_868_799_999_999_999, "2000-02-29T23:59:59.999999999Z"),
      (951_868_800_000_000_000, "2000-03-01T00:00:00.000000000Z"),
      (1_709_164_800_000_000_001, "2024-02-29T00:00:00.000000001Z"),
      (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
      (4_107_456_000_000_000_000, "2100-02-28T00:00:00.000000000Z"),
      (1_735_689_599_000_000_000, "2024-12-31T23:59:59.000000000Z"), (.max, "2554-07-21T23:34:33.709551615Z"),
    ] as [(UInt64, String)])
  func timestamps(_ nanoseconds: UInt64, _ expected: String) {
    #expect(Timestamp.text(nanoseconds) == expected)
  }
}
