import HDF5
import Synchronization
import Testing

@testable import ArrayIO

@Suite struct SequentialReaderTests {
  /// Notes what it is asked to make ready.
  private final class Source: ByteSource {
    let size = 1 << 30
    let longestWindow: Int
    let ahead = Mutex<[Range<Int>]>([])

    init(longestWindow: Int) { self.longestWindow = longestWindow }

    func read(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) -> Int { output.count }

    func gather(at offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) -> Int { count }

    func prefetch(at offset: Int, _ count: Int) { ahead.withLock { $0.append(offset..<offset + count) } }
  }

  private static let megabyte = 1 << 20

  private func read(_ reader: SequentialReader, at offset: Int) throws {
    var nothing: UInt8 = 0
    try withUnsafeMutableBytes(of: &nothing) { _ = try reader.read(at: offset, Self.megabyte, buffer: $0) }
  }

  /// What is made ready has no gaps, and ends at most a window ahead.
  @Test(arguments: [1, 8, 24, 64])
  func readsAhead(_ longest: Int) throws {
    let source = Source(longestWindow: longest << 20)
    let reader = SequentialReader(source)
    for number in 0..<100 {
      try read(reader, at: number << 20)
      let ahead = source.ahead.withLock { $0 }
      if number == 0 { #expect(ahead.isEmpty, "one read is not a stream") }
      #expect(ahead.last.map { $0.upperBound <= (number + 1 + longest) << 20 } ?? true)
      #expect(zip(ahead, ahead.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    }
    let ahead = source.ahead.withLock { $0 }
    #expect(ahead.first?.lowerBound == 2 << 20)
    // A quarter of the longest at once.
    #expect(ahead.first?.count == max(min(2, longest), min(longest / 4, 8)) << 20)
    #expect(try #require(ahead.last).upperBound >= (100 + longest * 3 / 4) << 20)
  }

  @Test func aSeekStartsAgain() throws {
    let source = Source(longestWindow: 64 << 20)
    let reader = SequentialReader(source)
    for number in 0..<10 { try read(reader, at: number * 50 << 20) }
    #expect(source.ahead.withLock { $0.isEmpty })
  }
}
