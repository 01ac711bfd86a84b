internal import HDF5

/// Reading through libhdf5: any layout and any filter that it has, in the processes that have it.
extension StoredDataset {
  /// Reads a block of elements to the origin of `tile`.
  func loadThroughLibrary(
    _ block: (start: [Int], count: [Int]), tile: [Int], into output: UnsafeMutableRawBufferPointer
  ) throws(ReadError) {
    let question = BlockQuestion(
      reference.object, start: block.start, count: block.count, tile: tile, reference.elements)
    let bytes = try services.files.answer(reference.file, question).bytes
    guard bytes.count == output.count else {
      throw damaged("a block of \(output.count) bytes came as one of \(bytes.count)")
    }
    output.copyBytes(from: bytes)
  }

  /// The same for a flat range, through the cache: what direct reading falls back to.
  func readThroughLibrary(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    var done = 0
    while done < output.count {
      let piece = rowGrid.piece(at: offset + done, output.count - done)
      guard let slab = services.cache.pool.slab(rowGrid.blockSize) else {
        throw damaged("there is no memory to read it")
      }
      try loadThroughLibrary(rowGrid.extent(of: piece.block), tile: rowGrid.blockShape, into: slab.bytes)
      UnsafeMutableRawBufferPointer(rebasing: output[done...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: slab.bytes[piece.offset..<(piece.offset + piece.count)]))
      done += piece.count
    }
  }
}
