internal import ChunkCodec
internal import HDF5

/// Reading ahead on a slow store: what counts there is how many reads are made, so chunks that lie side by side in the file are
/// read at once. A mask of 256 KiB takes 5 KiB in the file; of a thousand of them 70 reads are left.
extension StoredDataset {
  /// A chunk and where it lies.
  private struct Chunk {
    var number: Int
    var location: ChunkLocation
    var end: UInt64

    /// - Returns: nil for what is not one read: a hole, a chunk that is large as it is, and one that lies nowhere.
    init?(_ number: Int, _ location: ChunkLocation) {
      let (end, overflow) = location.address.addingReportingOverflow(UInt64(location.size))
      guard location.isAllocated, !overflow, UInt64(location.size) <= longestSpan else { return nil }
      self.number = number
      self.location = location
      self.end = end
    }
  }

  /// Bytes of one read.
  private static let longestSpan: UInt64 = 1 << 20
  /// Chunks of one read, in decoded bytes: one thread decodes them, and the reader may be waiting for the last.
  private static let largestGroup = 4 << 20

  /// Has the chunks of a range made by other threads, as far as they are not there yet.
  func prefetchSpans(at offset: Int, _ count: Int, _ table: ChunkTable, _ pipeline: FilterPipeline) {
    guard services.prefetcher.isEnabled else { return }
    let mostChunks = max(1, Self.largestGroup / grid.blockSize)
    var group: [Int] = []
    func submitGroup() -> Bool {
      let numbers = group
      group = []
      guard !numbers.isEmpty else { return true }
      let isTaken = services.prefetcher.submit { [self] in fetch(stillWanted(numbers), table, pipeline) }
      if !isTaken { _ = stillWanted(numbers) }
      return isTaken
    }
    let last = wantBlocks(.decoded, at: offset, count) { block in
      group.append(block)
      return group.count < mostChunks || submitGroup()
    }
    if let last, submitGroup() { prefetchIndex(behind: last, table) }
  }

  /// Those that their reader has not made himself in the meantime; they are no longer wanted, so they are for the caller to make.
  private func stillWanted(_ numbers: [Int]) -> [Int] {
    numbers.filter { services.cache.take(key($0, .decoded)) }
  }

  /// Has the next segment of the index read before the first of its chunks is wanted.
  private func prefetchIndex(behind block: Int, _ table: ChunkTable) {
    let next = UInt64(max(0, block)) + ChunkTable.segmentSize
    guard next < table.grid.chunkCount, !table.isKnown(next) else { return }
    services.prefetcher.submit { _ = try? table.location(ofChunk: next) }
  }

  /// Makes chunks: the first that lie side by side on this thread, the others on others.
  private func fetch(_ numbers: [Int], _ table: ChunkTable, _ pipeline: FilterPipeline) {
    var chunks: [Chunk] = []
    for number in numbers {
      if let location = try? table.location(ofChunk: UInt64(number)), let chunk = Chunk(number, location) {
        chunks.append(chunk)
      } else {
        _ = try? block(number, .decoded)
      }
    }
    chunks.sort { $0.location.address < $1.location.address }
    let spans = Self.spans(chunks)
    for span in spans.dropFirst() { services.prefetcher.submit { [self] in fetch(span, pipeline) } }
    if let first = spans.first { fetch(first, pipeline) }
  }

  /// Cuts chunks, sorted by address, where the gap between two is wide or a read would become long.
  private static func spans(_ chunks: [Chunk]) -> [ArraySlice<Chunk>] {
    var spans: [ArraySlice<Chunk>] = []
    var start = 0
    for index in chunks.indices.dropFirst() {
      let (before, chunk) = (chunks[index - 1], chunks[index])
      // Chunks that overlap are read one by one; only a damaged file has them.
      let isNeighbour = chunk.location.address >= before.end && chunk.location.address - before.end <= longestGap
      if isNeighbour, chunk.end - chunks[start].location.address <= longestSpan { continue }
      spans.append(chunks[start..<index])
      start = index
    }
    if start < chunks.count { spans.append(chunks[start...]) }
    return spans
  }

  /// Reads chunks that nobody else is making at once, and has them decoded.
  private func fetch(_ chunks: ArraySlice<Chunk>, _ pipeline: FilterPipeline) {
    let claimed = chunks.filter { services.cache.claim(key($0.number, .decoded)) }
    guard let first = claimed.first, let last = claimed.last else { return }
    let stored = services.cache.pool.slab(Int(last.end - first.location.address))
    do throws(ReadError) {
      guard let stored else { throw damaged("there is no memory to read it") }
      try services.descriptors.read(dataFile, reference.object, at: first.location.address, into: stored.bytes)
    } catch {
      // Whoever asks for one of them tries for himself, and gets the error.
      for chunk in claimed { services.cache.abandon(key(chunk.number, .decoded)) }
      return
    }
    guard let stored else { return }
    services.prefetcher.decode { [self] in decode(claimed, from: stored, pipeline) }
  }

  /// Decodes chunks that were claimed and read.
  private func decode(_ chunks: [Chunk], from stored: Slab, _ pipeline: FilterPipeline) {
    let start = chunks[0].location.address
    for chunk in chunks {
      let place = Int(chunk.location.address - start)
      let bytes = UnsafeRawBufferPointer(rebasing: stored.bytes[place..<place + Int(chunk.location.size)])
      if let slab = services.cache.pool.slab(grid.blockSize),
        (try? services.decoders.decode(
          bytes, into: slab.bytes, pipeline, skipping: chunk.location.filterMask, inflateTrial)) != nil
      {
        services.cache.publish(slab, as: key(chunk.number, .decoded))
      } else {
        services.cache.abandon(key(chunk.number, .decoded))
      }
    }
  }
}
