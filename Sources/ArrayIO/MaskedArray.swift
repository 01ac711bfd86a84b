public import HDF5
internal import NPY

/// Numbers, with NaN wherever a mask is not 0: what the correction of a detector has found to be no good.
public struct MaskedArray: ArraySource {
  public let description: ArrayDescription
  private let data: any ArraySource
  private let mask: any ArraySource
  private let nan: [UInt8]
  private let maskSize: Int

  /// - Parameters:
  ///   - data: of floating-point numbers.
  ///   - mask: of integers or bool, of the same shape.
  /// - Returns: nil where they are not.
  public init?(_ data: any ArraySource, mask: any ArraySource) {
    guard data.description.shape == mask.description.shape, let nan = Self.nan(data.description.element) else {
      return nil
    }
    switch mask.description.element {
    case .boolean, .integer: break
    default: return nil
    }
    description = data.description
    self.data = data
    self.mask = mask
    self.nan = nan
    maskSize = mask.description.element.size
  }

  /// The bytes of NaN; nil where there is none.
  private static func nan(_ element: ElementType) -> [UInt8]? {
    guard case .float(let size, let bigEndian) = element else { return nil }
    let pattern: UInt64
    switch size {
    case 2: pattern = UInt64(Float16.nan.bitPattern)
    case 4: pattern = UInt64(Float.nan.bitPattern)
    case 8: pattern = Double.nan.bitPattern
    default: return nil
    }
    let little = (0..<size).map { UInt8(truncatingIfNeeded: pattern >> UInt64(8 * $0)) }
    return bigEndian ? little.reversed() : little
  }

  public var presence: (any ArraySource)? { data.presence }

  public var longestWindow: Int { min(data.longestWindow, mask.longestWindow) }

  public var needsDecoding: Bool {
    get throws(ReadError) {
      if try data.needsDecoding { return true }
      return try mask.needsDecoding
    }
  }

  public func prefetch(dataAt offset: Int, _ count: Int) {
    data.prefetch(dataAt: offset, count)
    mask.prefetch(dataAt: offset / nan.count * maskSize, count / nan.count * maskSize)
  }

  /// Elements whose mask is held in memory.
  private static let block = 64 << 10

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    try data.read(dataAt: offset, into: output)
    guard !output.isEmpty else { return }
    let size = nan.count
    let end = (offset + output.count - 1) / size + 1
    var first = offset / size
    let flags = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(Self.block, end - first) * maskSize, alignment: 16)
    defer { flags.deallocate() }
    while first < end {
      let count = min(Self.block, end - first)
      let part = UnsafeMutableRawBufferPointer(rebasing: flags[..<(count * maskSize)])
      try mask.read(dataAt: first * maskSize, into: part)
      for element in 0..<count where isMasked(flags, element) {
        // The first and the last element may be there in part.
        let place = (first + element) * size - offset
        for byte in max(0, -place)..<min(size, output.count - place) { output[place + byte] = nan[byte] }
      }
      first += count
    }
  }

  private func isMasked(_ flags: UnsafeMutableRawBufferPointer, _ element: Int) -> Bool {
    switch maskSize {
    case 1: return flags[element] != 0
    case 4: return flags.load(fromByteOffset: 4 * element, as: UInt32.self) != 0
    default:
      for byte in (element * maskSize)..<((element + 1) * maskSize) where flags[byte] != 0 { return true }
      return false
    }
  }
}
