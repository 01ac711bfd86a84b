/// Where the stored bytes of one chunk lie. 16 bytes, as a run has millions.
public struct ChunkLocation: Hashable, Sendable {
  /// Offset in bytes from the beginning of the file, user block included: what `pread` takes.
  public var address: UInt64
  /// Bytes as stored, that is after the filters.
  public var size: UInt32
  /// Bit `i` set: filter `i` of the dataset's pipeline was skipped for this chunk.
  public var filterMask: UInt32

  public init(address: UInt64, size: UInt32, filterMask: UInt32) {
    self.address = address
    self.size = size
    self.filterMask = filterMask
  }

  /// A chunk that was never written: it reads as the dataset's fill value.
  public static let unallocated = ChunkLocation(address: .max, size: 0, filterMask: 0)

  /// False for a chunk that was never written.
  public var isAllocated: Bool { address != .max }
}

/// A chunk that exists in the file: its linear number in the `ChunkGrid`, and where it lies.
public struct StoredChunk: Hashable, Sendable {
  /// Row-major number, the last dimension fastest.
  public var number: UInt64
  /// Always allocated, always inside the file.
  public var location: ChunkLocation

  public init(number: UInt64, location: ChunkLocation) {
    self.number = number
    self.location = location
  }
}
