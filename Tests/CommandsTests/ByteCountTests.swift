import Testing

@testable import Commands

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("17", 17), ("1K", 1 << 10), ("512M", 512 << 20), ("512m", 512 << 20), ("2G", 2 << 30), ("2g", 2 << 30),
    ("1024G", 1 << 40), ("1099511627776", 1 << 40), ("007", 7),
  ])
  func sizes(_ text: String, _ bytes: Int) throws {
    #expect(try #require(ByteCount(argument: text)).value == bytes)
  }

  @Test(arguments: [
    "", "K", "M", "1T", "1.5G", "-1", "-1M", "1 M", "1MB", "M1", "1025G", "1099511627777", "9223372036854775807G",
    "99999999999999999999", "ten", "5ß", "ß", "5ﬁ", "5\u{301}", "0x10",
  ])
  func noSizes(_ text: String) {
    #expect(ByteCount(argument: text) == nil)
  }

  @Test func areWrittenAsTheyAreRead() throws {
    for value in [0, 1 << 20, 3 << 30, 12_345] {
      #expect(ByteCount(argument: ByteCount(value).description)?.value == value)
    }
  }
}
