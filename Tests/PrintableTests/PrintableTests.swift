import Printable
import Testing

@Suite struct PrintableTests {
  @Test(arguments: [
    "", "SA1_XTD2_XGM/XGM/DOOCS:output", "größe µ 温度 \u{1F600}", "\\x1b", "a\u{A0}b\u{2028}", "\u{85F}",
  ])
  func ordinaryTextsStay(_ text: String) {
    #expect(text.printable == text && text.printableText == text)
  }

  @Test func controlsAreWrittenOut() {
    #expect("\u{1B}[31mred\u{1B}]0;title\u{7}".printable == #"\x1b[31mred\x1b]0;title\x07"#)
    #expect("two\nlines\tand\r\nmore\0".printable == #"two\nlines\tand\r\nmore\x00"#)
    #expect("\u{7F}\u{80}\u{9B}31m\u{9F}\u{A0}".printable == "\\x7f\\x80\\x9b31m\\x9f\u{A0}")
    #expect("two\nlines\tand\r\nmore\0\u{1B}".printableText == "two\nlines\tand\r\nmore\\x00\\x1b")
  }

  /// No scalar but the controls is changed, and none of these is left, alone or beside others.
  @Test func allScalars() {
    for value in 0...UInt32(0x3000) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let isControl = value < 0x20 || (0x7F..<0xA0).contains(value)
      let text = "a\(Character(scalar))\u{301}b"
      #expect((text.printable == text) == !isControl, "\(value)")
      #expect(!text.printable.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
    }
  }
}
