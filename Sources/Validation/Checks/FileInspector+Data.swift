internal import Glibc
internal import HDF5

extension FileInspector {
  /// Bytes read at a time.
  private static var pieceSize: Int { 16 << 20 }

  /// Reads everything that is stored of a dataset, through every filter; the first failure is reported.
  ///
  /// A dataset of which nothing was ever written is passed over: a run of 20 MB can be 580 GB of such.
  mutating func checkData(_ dataset: borrowing Dataset, _ library: borrowing HDF5Library) {
    do throws(HDF5Error) {
      guard dataset.storedSize(library) > 0 else { return }
      let shape = try dataset.shape(library)
      let type = try dataset.datatype(library)
      if case .variableString = type {
        _ = try dataset.strings(library)
        return
      }
      if case .unsupported = type { return }
      let memory = try MemoryType.numpy(type, library)
      guard let rows = shape.first, !shape.contains(0) else { return }
      let step = try step(shape, memory.size, dataset, library)
      guard step.bytes <= 1 << 30 else { return }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, step.bytes), alignment: 64)
      defer { buffer.deallocate() }
      var row = 0
      while row < rows {
        let count = min(step.rows, rows - row)
        let start = [row] + [Int](repeating: 0, count: shape.count - 1)
        try dataset.read(start: start, count: [count] + shape.dropFirst(), as: memory, into: buffer, library)
        row += count
      }
    } catch {
      add(.readData, "Data cannot be read", dataset: dataset.object, error: error)
    }
  }

  /// How many rows to read at a time: whole chunks, so that none is decoded twice.
  private func step(
    _ shape: [Int], _ elementSize: Int, _ dataset: borrowing Dataset, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> (rows: Int, bytes: Int) {
    var rowBytes = elementSize
    for extent in shape.dropFirst() {
      let (product, overflow) = rowBytes.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 30 else { return (1, Int.max) }
      rowBytes = product
    }
    var chunkRows = 1
    if case .chunked(let chunk) = try dataset.storage(library).layout { chunkRows = max(1, chunk.first ?? 1) }
    let wanted = max(1, Self.pieceSize / max(1, rowBytes))
    let rows = min(shape[0], max(chunkRows, wanted / chunkRows * chunkRows))
    let (bytes, overflow) = rows.multipliedReportingOverflow(by: rowBytes)
    return (rows, overflow ? Int.max : bytes)
  }
}
