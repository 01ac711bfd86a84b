internal import Synchronization
internal import Threads

/// The locations of a dataset's chunks by number, kept in memory as they become known: 16 bytes per chunk, loaded in
/// segments of 512 (16 leaves of a B-tree, the frames of one train or two).
///
/// Safe to use from any thread. No lock is held while a file is read. A segment that several threads want at once is loaded by
/// one of them: readahead asks for the neighbours of a chunk from all its threads, and 32 of them walking the same index read
/// its nodes 20 times over (769 node reads for 37 nodes, on a store of 2 ms a read).
public final class ChunkTable: Sendable {
  /// Gives the stored chunks with these numbers, ascending; runs on the thread that asks.
  public typealias Loader = @Sendable (Range<UInt64>) throws(ChunkIndexError) -> [StoredChunk]

  /// Chunks in a segment.
  public static let segmentSize: UInt64 = 512
  /// The most chunks one call gives: 256 MiB of locations.
  public static let maximumRequest: UInt64 = 1 << 24

  /// The dataset's shape.
  public let grid: ChunkGrid
  private let load: Loader
  private let segments = Mutex<[UInt64: [ChunkLocation]]>([:])
  /// Segments that somebody is loading; only looked at inside the monitor.
  private let loading = Mutex<Set<UInt64>>([])
  private let monitor = Monitor()

  /// An empty table.
  ///
  /// - Parameter load: where unknown locations come from, for example `ChunkBTree.locations(ofChunks:)`.
  public init(grid: ChunkGrid, load: @escaping Loader) {
    self.grid = grid
    self.load = load
  }

  /// A table over a B-tree.
  public convenience init(_ tree: ChunkBTree) {
    self.init(grid: tree.grid) { (numbers) throws(ChunkIndexError) in try tree.locations(ofChunks: numbers) }
  }

  /// Where a chunk lies; `ChunkLocation.unallocated` if it was never written.
  ///
  /// - Throws: `outOfRange` for a number the grid does not have, and what the loader throws.
  public func location(ofChunk number: UInt64) throws(ChunkIndexError) -> ChunkLocation {
    guard number < grid.chunkCount else { throw .outOfRange(number, limit: grid.chunkCount) }
    let (segment, place) = number.quotientAndRemainder(dividingBy: Self.segmentSize)
    while true {
      if let known = segments.withLock({ $0[segment] }) { return known[Int(place)] }
      let isMine = monitor.withLock { () -> Bool in
        if segments.withLock({ $0[segment] }) != nil { return false }
        if loading.withLock({ $0.insert(segment).inserted }) { return true }
        monitor.wait()
        return false
      }
      guard isMine else { continue }
      defer {
        monitor.withLock {
          loading.withLock { _ = $0.remove(segment) }
          monitor.broadcast()
        }
      }
      return try loadSegments(segment..<segment + 1)[0][Int(place)]
    }
  }

  /// Whether ``location(ofChunk:)`` has nothing to read for this one.
  public func isKnown(_ number: UInt64) -> Bool {
    segments.withLock { $0[number / Self.segmentSize] != nil }
  }

  /// Where chunks lie, unallocated ones included, in the order of their numbers.
  ///
  /// - Throws: `outOfRange` for numbers the grid does not have or more than `maximumRequest` of them, and what the
  ///   loader throws.
  public func locations(ofChunks numbers: Range<UInt64>) throws(ChunkIndexError) -> [ChunkLocation] {
    guard numbers.upperBound <= grid.chunkCount else { throw .outOfRange(numbers.upperBound, limit: grid.chunkCount) }
    let count = numbers.upperBound - numbers.lowerBound
    guard count <= Self.maximumRequest else { throw .outOfRange(count, limit: Self.maximumRequest) }
    guard count > 0 else { return [] }

    var result: [ChunkLocation] = []
    result.reserveCapacity(Int(count))
    let wanted = numbers.lowerBound / Self.segmentSize..<(numbers.upperBound - 1) / Self.segmentSize + 1
    var next = wanted.lowerBound
    while next < wanted.upperBound {
      let (known, end) = knownOrMissing(from: next, below: wanted.upperBound)
      let parts = if let known { [known] } else { try loadSegments(next..<end) }
      for (index, part) in zip(next..<end, parts) {
        let base = index * Self.segmentSize
        let from = max(numbers.lowerBound, base) - base
        let to = min(numbers.upperBound - base, UInt64(part.count))
        result.append(contentsOf: part[Int(from)..<Int(to)])
      }
      next = end
    }
    return result
  }

  /// Where the chunks with elements in these rows (indices of the first dimension) lie, and the number of the first.
  ///
  /// - Throws: as `locations(ofChunks:)`.
  public func locations(
    coveringRows rows: Range<UInt64>
  ) throws(ChunkIndexError) -> (first: UInt64, locations: [ChunkLocation]) {
    let numbers = grid.numbers(coveringRows: rows)
    return (numbers.lowerBound, try locations(ofChunks: numbers))
  }

  /// Bytes of memory the known locations take.
  public var byteCount: Int {
    segments.withLock { $0.count } * Int(Self.segmentSize) * MemoryLayout<ChunkLocation>.stride
  }

  /// Forgets what is known; it is loaded again when asked for.
  public func removeAll() {
    let old = segments.withLock { known in
      let old = known
      known = [:]
      return old
    }
    _ = old  // freed here, outside the lock
  }

  /// Segment `start` if it is known; else the end of the run of unknown ones it begins, cut to 65,536 chunks so that
  /// what a loader returns stays small.
  private func knownOrMissing(from start: UInt64, below limit: UInt64) -> (known: [ChunkLocation]?, end: UInt64) {
    segments.withLock { known in
      if let segment = known[start] { return (segment, start + 1) }
      var end = start + 1
      while end < min(limit, start + 128), known[end] == nil { end += 1 }
      return (nil, end)
    }
  }

  /// Loads segments and keeps them. No lock is held while loading.
  private func loadSegments(_ indices: Range<UInt64>) throws(ChunkIndexError) -> [[ChunkLocation]] {
    let first = indices.lowerBound * Self.segmentSize
    let (end, overflow) = indices.upperBound.multipliedReportingOverflow(by: Self.segmentSize)
    let numbers = first..<(overflow ? grid.chunkCount : min(end, grid.chunkCount))
    var parts = indices.map { index in
      let count = min(Self.segmentSize, grid.chunkCount - index * Self.segmentSize)
      return [ChunkLocation](repeating: .unallocated, count: Int(count))
    }
    for chunk in try load(numbers) {
      guard numbers.contains(chunk.number) else { throw .outOfRange(chunk.number, limit: numbers.upperBound) }
      let (part, place) = (chunk.number - first).quotientAndRemainder(dividingBy: Self.segmentSize)
      parts[Int(part)][Int(place)] = chunk.location
    }
    let loaded = parts
    segments.withLock { known in
      for (index, part) in zip(indices, loaded) { known[index] = part }
    }
    return loaded
  }
}
