internal import ChunkCodec
internal import HDF5

/// Reading beside libhdf5: addresses from the chunk table, bytes by `pread`.
extension StoredDataset {
  /// Reads bytes that lie in the file as they are.
  func readPlain(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    switch access {
    case .contiguous(let start):
      let (address, overflow) = start.addingReportingOverflow(UInt64(offset))
      guard !overflow else { throw damaged("its data should lie at \(start), which is no place in a file") }
      try services.descriptors.read(dataFile, reference.object, at: address, into: output)
    case .plainChunks(let table):
      do throws(ChunkIndexError) {
        let extents = try extents(at: offset, output, table)
        try read(extents, into: output)
      } catch {
        // An index that this reader does not understand may still be one that libhdf5 does.
        try readThroughLibrary(at: offset, into: output)
      }
    case .fill, .filteredChunks, .virtual, .library: try readThroughLibrary(at: offset, into: output)
    }
  }

  /// A stretch of bytes in the file, and where in the output it goes.
  private struct Extent {
    var address: UInt64
    var position: Int
    var count: Int
  }

  /// The extents of a range, neighbours in both the file and the output put together; holes are filled on the way.
  private func extents(
    at offset: Int, _ output: UnsafeMutableRawBufferPointer, _ table: ChunkTable
  ) throws(ChunkIndexError) -> [Extent] {
    var extents: [Extent] = []
    var done = 0
    while done < output.count {
      let piece = grid.piece(at: offset + done, output.count - done)
      let location = try table.location(ofChunk: UInt64(piece.block))
      if !location.isAllocated {
        fill(UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + piece.count)]), phase: offset + done)
      } else {
        guard UInt64(location.size) >= UInt64(grid.blockSize) else {
          throw .malformed(
            what: "a chunk of \(location.size) bytes where \(grid.blockSize) belong", address: location.address)
        }
        // Half of what 64 bits hold is more than any file has, and no sum of two of them overflows.
        guard location.address < 1 << 62 else {
          throw .malformed(what: "a chunk at no place in a file", address: location.address)
        }
        let address = location.address + UInt64(piece.offset)
        if let last = extents.last, last.address + UInt64(last.count) == address, last.position + last.count == done {
          extents[extents.count - 1].count += piece.count
        } else {
          extents.append(Extent(address: address, position: done, count: piece.count))
        }
      }
      done += piece.count
    }
    return extents
  }

  /// Gaps up to this are read over: the DAQ writes small datasets with one element a chunk, 32 of them side by side and index
  /// nodes in between, and a system call for each would cost more than the bytes (HDF5.md 2, 151 ms against 1.1 s). Between large
  /// chunks there are nodes as well, of 3 KB, and on a slow store each would make a second read of one.
  static let longestGap = 4096
  /// Each is one or two of the 1024 parts that a read may have.
  private static let mostExtents = 512

  private func read(_ extents: [Extent], into output: UnsafeMutableRawBufferPointer) throws(ChunkIndexError) {
    var first = 0
    while first < extents.count {
      var end = first + 1
      while end < extents.count, end - first < Self.mostExtents,
        extents[end].address >= extents[end - 1].address + UInt64(extents[end - 1].count),
        extents[end].address - (extents[end - 1].address + UInt64(extents[end - 1].count)) <= Self.longestGap
      {
        end += 1
      }
      do throws(ReadError) {
        try read(extents[first..<end], into: output)
      } catch {
        throw .library(call: "pread", detail: error.description)
      }
      first = end
    }
  }

  /// Reads extents with small gaps between them at once.
  private func read(_ extents: ArraySlice<Extent>, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    guard let first = extents.first else { return }
    var parts: [Descriptors.Part] = []
    var end = first.address
    for extent in extents {
      if extent.address > end { parts.append(.gap(Int(extent.address - end))) }
      parts.append(
        .bytes(UnsafeMutableRawBufferPointer(rebasing: output[extent.position..<(extent.position + extent.count)])))
      end = extent.address + UInt64(extent.count)
    }
    try services.descriptors.read(dataFile, reference.object, at: first.address, into: parts)
  }

  /// Reads and decodes one chunk.
  func decodeChunk(_ number: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    guard case .filteredChunks(let table, let pipeline) = access else { throw damaged("it has no filters") }
    let location: ChunkLocation
    do throws(ChunkIndexError) {
      location = try table.location(ofChunk: UInt64(number))
    } catch {
      try loadThroughLibrary(grid.extent(of: number), tile: grid.blockShape, into: output)
      return
    }
    guard location.isAllocated else {
      fill(output, phase: 0)
      return
    }
    // A chunk that all filters were skipped for, or that did not shrink, is not much larger than its contents.
    guard location.size <= UInt32(clamping: 2 * grid.blockSize + 65_536),
      let slab = services.cache.pool.slab(Int(location.size))
    else { throw damaged("chunk \(number) is said to take \(location.size) bytes") }
    try services.descriptors.read(dataFile, reference.object, at: location.address, into: slab.bytes)
    do throws(CodecError) {
      try services.decoders.decode(
        UnsafeRawBufferPointer(slab.bytes), into: output, pipeline, skipping: location.filterMask, inflateTrial)
    } catch {
      throw damaged("chunk \(number) at \(location.address) cannot be decoded: \(error)")
    }
  }
}
