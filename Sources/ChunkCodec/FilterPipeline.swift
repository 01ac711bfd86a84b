/// The filters each chunk of a dataset went through when it was written, in the order they were applied.
public struct FilterPipeline: Hashable, Sendable {
  /// One filter, named by what it did when writing ("HDF5 File Format Specification", IV.A.2.l).
  public enum Filter: Hashable, Sendable {
    /// Filter 1: a zlib stream (RFC 1950).
    case deflate
    /// Filter 2: bytes regrouped by their place in an element of `elementSize` bytes.
    case shuffle(elementSize: Int)
    /// Filter 3: four bytes of Fletcher-32 appended.
    case fletcher32
  }

  /// The filters, first applied first. Bit `i` of a chunk's filter mask speaks of `filters[i]`.
  public let filters: [Filter]

  /// No filters: chunks are stored as they are.
  public static let none = FilterPipeline(checked: [])

  /// A pipeline that `ChunkDecoder` can undo.
  ///
  /// - Throws: `CodecError.unsupportedPipeline` for two deflates, more than 32 filters or an element size below 1.
  public init(_ filters: [Filter]) throws(CodecError) {
    guard filters.count <= 32 else { throw .unsupportedPipeline(.moreThan32Filters) }
    var deflates = 0
    for filter in filters {
      switch filter {
      case .deflate: deflates += 1
      case .shuffle(let size) where size < 1: throw .unsupportedPipeline(.elementSize(size))
      case .shuffle, .fletcher32: break
      }
    }
    guard deflates <= 1 else { throw .unsupportedPipeline(.deflateTwice) }
    self.filters = filters
  }

  private init(checked filters: [Filter]) {
    self.filters = filters
  }

  /// True if a chunk lies in the file exactly as it is read: nothing to decode, so it may be sliced or sent from the
  /// file.
  public func isPlain(skipping filterMask: UInt32) -> Bool {
    !filters.indices.contains { applies(at: $0, skipping: filterMask) }
  }

  /// Whether filter `index` was applied to a chunk with this mask ("HDF5 File Format Specification", III.A.1, key of a
  /// node of type 1: a set bit says the filter was skipped).
  func applies(at index: Int, skipping filterMask: UInt32) -> Bool {
    filterMask & (1 << UInt32(index)) == 0
  }
}
