internal import HDF5

/// Reading through libhdf5: any layout and any filter that it has, one reader at a time.
extension StoredDataset {
  /// Reads a block of elements to the origin of `tile`.
  func loadThroughLibrary(
    _ block: (start: [Int], count: [Int]), tile: [Int], into output: UnsafeMutableRawBufferPointer
  ) throws(ArrayError) {
    do throws(HDF5Error) {
      try HDF5Library.withLock { (library) throws(HDF5Error) in
        try services.files.withFile(reference.file, library) { (file, library) throws(HDF5Error) in
          let dataset = try file.dataset(reference.object, library)
          switch reference.elements {
          case .numpy(let type):
            let memory = try MemoryType.numpy(type, library)
            try dataset.read(start: block.start, count: block.count, tile: tile, as: memory, into: output, library)
          case .strings(let length):
            let strings = try dataset.strings(start: block.start, count: block.count, library)
            Self.lay(strings, block.count, tile, length, into: output)
          }
        }
      }
    } catch {
      throw .hdf5(error)
    }
  }

  /// The same for a flat range, through the cache: what direct reading falls back to.
  func readThroughLibrary(at offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ArrayError) {
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

  /// Writes strings into their places of a block, padded with NUL and cut where one has grown since the key was described.
  private static func lay(
    _ strings: [[UInt8]], _ count: [Int], _ tile: [Int], _ length: Int, into output: UnsafeMutableRawBufferPointer
  ) {
    output.initializeMemory(as: UInt8.self, repeating: 0)
    for (number, string) in strings.enumerated() {
      var rest = number
      var position = 0
      var stride = 1
      for axis in count.indices.reversed() {
        position += rest % count[axis] * stride
        rest /= count[axis]
        stride *= tile[axis]
      }
      let place = UnsafeMutableRawBufferPointer(rebasing: output[(position * length)..<((position + 1) * length)])
      place.copyBytes(from: string.prefix(length))
    }
  }
}
