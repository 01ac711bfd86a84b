/// How a dataset is cut into chunks, and the linear numbers of those chunks. Every product has been checked for
/// overflow.
public struct ChunkGrid: Hashable, Sendable {
  /// Dimensions of the dataset in elements.
  public let datasetDimensions: [UInt64]
  /// Dimensions of a chunk in elements, none of them 0.
  public let chunkDimensions: [UInt64]
  /// Number of chunks along each dimension, the incomplete ones at the edge included.
  public let chunksPerDimension: [UInt64]
  /// By how much the linear number grows with one step along each dimension.
  public let strides: [UInt64]
  /// Number of chunks, whether stored or not.
  public let chunkCount: UInt64

  /// libhdf5's H5S_MAX_RANK.
  public static let maximumRank = 32

  /// - Throws: `ChunkIndexError.impossibleShape` for differing or absurd ranks, a chunk dimension of 0, or more than
  ///   2^63 chunks.
  public init(datasetDimensions: [UInt64], chunkDimensions: [UInt64]) throws(ChunkIndexError) {
    guard datasetDimensions.count == chunkDimensions.count else {
      throw .impossibleShape("dataset of rank \(datasetDimensions.count), chunk of rank \(chunkDimensions.count)")
    }
    guard (1...Self.maximumRank).contains(datasetDimensions.count) else {
      throw .impossibleShape("rank \(datasetDimensions.count)")
    }
    guard !chunkDimensions.contains(0) else { throw .impossibleShape("a chunk dimension of 0") }
    self.datasetDimensions = datasetDimensions
    self.chunkDimensions = chunkDimensions
    let counts = zip(datasetDimensions, chunkDimensions).map { $0 / $1 + ($0 % $1 == 0 ? 0 : 1) }
    var strides = [UInt64](repeating: 1, count: counts.count)
    var product: UInt64 = 1
    for index in counts.indices.reversed() {
      strides[index] = product
      let (next, overflow) = product.multipliedReportingOverflow(by: counts[index])
      guard !overflow, next <= UInt64(Int64.max) else { throw .impossibleShape("more chunks than can be numbered") }
      product = next
    }
    chunksPerDimension = counts
    self.strides = strides
    chunkCount = product
  }

  /// Number of dimensions.
  public var rank: Int { datasetDimensions.count }

  /// Chunks in one layer of the first dimension.
  public var chunksPerRow: UInt64 { strides[0] }

  /// The number of the chunk whose first element has these coordinates; nil if no chunk begins there.
  public func number(ofChunkAt offsets: [UInt64]) -> UInt64? {
    guard offsets.count == rank else { return nil }
    var number: UInt64 = 0
    for index in offsets.indices {
      let (quotient, remainder) = offsets[index].quotientAndRemainder(dividingBy: chunkDimensions[index])
      guard remainder == 0, offsets[index] < datasetDimensions[index] else { return nil }
      // Below chunkCount by construction, so neither step can overflow.
      number &+= quotient &* strides[index]
    }
    return number
  }

  /// The coordinates of the first element of a chunk; nil if there is no such chunk.
  public func offsets(ofChunk number: UInt64) -> [UInt64]? {
    guard number < chunkCount else { return nil }
    var rest = number
    var offsets = [UInt64](repeating: 0, count: rank)
    for index in offsets.indices {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: strides[index])
      offsets[index] = quotient &* chunkDimensions[index]
      rest = remainder
    }
    return offsets
  }

  /// The numbers of all chunks that hold elements of these rows (indices of the first dimension), rows beyond the
  /// dataset left out.
  public func numbers(coveringRows rows: Range<UInt64>) -> Range<UInt64> {
    let upper = min(rows.upperBound, datasetDimensions[0])
    guard rows.lowerBound < upper, chunkCount > 0 else { return 0..<0 }
    let first = rows.lowerBound / chunkDimensions[0]
    let last = (upper - 1) / chunkDimensions[0]
    return first * strides[0]..<(last + 1) * strides[0]
  }
}
