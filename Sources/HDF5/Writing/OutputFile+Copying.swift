internal import CHDF5
internal import Glibc

extension OutputFile {
  /// Makes a dataset of rows of others. Chunks that are taken whole are copied as they are, filtered; what else there is goes through
  /// libhdf5 by rows.
  borrowing func write(_ dataset: CopiedDataset) throws(OutputError) {
    try Self.attempt(name, dataset.path) { () throws(HDF5Refusal) in
      let prototype = try OutputHandle(
        H5Dopen2(try sources.file(at: dataset.file), dataset.object, hid_t(H5P_DEFAULT)), closedBy: H5Dclose)
      let type: OutputHandle
      if let promoted = dataset.datatype {
        type = try OutputDatatype.make(for: promoted)
      } else {
        let stored = try OutputHandle(H5Dget_type(prototype.id), closedBy: H5Tclose)
        // Free of the file that it may be kept in.
        type = try OutputHandle(H5Tcopy(stored.id), closedBy: H5Tclose)
      }
      let rows = dataset.parts.reduce(0) { $0 + $1.rows }
      let layout = try CopyLayout(prototype, type, dataset, rows: rows)
      let space = try Self.space(rows, dataset.entryShape, canGrow: layout.chunk != nil)
      let made = try OutputHandle(
        H5Dcreate2(file.id, dataset.path, type.id, space.id, linkCreation.id, layout.creation.id, hid_t(H5P_DEFAULT)),
        closedBy: H5Dclose)
      try copyAttributes(of: prototype, to: made)
      try copyGroupAttributes(dataset)
      var start = 0
      for part in dataset.parts {
        let from = try OutputHandle(
          H5Dopen2(try sources.file(at: part.file), part.object, hid_t(H5P_DEFAULT)), closedBy: H5Dclose)
        try RowCopy(from: from.id, to: made.id, type: type.id, entryShape: dataset.entryShape, layout)
          .copy(part.rows, from: part.firstRow, to: start)
        start += part.rows
      }
      try made.close()
    }
  }

  /// The attributes of the groups over a dataset: those of a control source have the units.
  private borrowing func copyGroupAttributes(_ dataset: CopiedDataset) throws(HDF5Refusal) {
    var path = ""
    for part in dataset.path.split(separator: "/").dropLast() {
      path += "/\(part)"
      guard sources.annotated.insert(path).inserted else { continue }
      let other = try sources.file(at: dataset.file)
      guard H5Lexists(other, path, hid_t(H5P_DEFAULT)) > 0 else { continue }
      let from = try OutputHandle(H5Gopen2(other, path, hid_t(H5P_DEFAULT)), closedBy: H5Gclose)
      let to = try OutputHandle(H5Gopen2(file.id, path, hid_t(H5P_DEFAULT)), closedBy: H5Gclose)
      try copyAttributes(of: from, to: to)
    }
  }

  private borrowing func copyAttributes(
    of source: borrowing OutputHandle, to target: borrowing OutputHandle
  ) throws(HDF5Refusal) {
    var names: [String] = []
    let status = withUnsafeMutablePointer(to: &names) { pointer in
      H5Aiterate2(
        source.id, H5_INDEX_NAME, H5_ITER_INC, nil,
        { _, name, _, context in
          guard let name, let context else { return -1 }
          context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
          return 0
        }, pointer)
    }
    try check(status)
    for name in names { try copyAttribute(name, of: source, to: target) }
  }

  private borrowing func copyAttribute(
    _ name: String, of source: borrowing OutputHandle, to target: borrowing OutputHandle
  ) throws(HDF5Refusal) {
    let defaults = hid_t(H5P_DEFAULT)
    let from = try OutputHandle(H5Aopen(source.id, name, defaults), closedBy: H5Aclose)
    let stored = try OutputHandle(H5Aget_type(from.id), closedBy: H5Tclose)
    // An address in another file means nothing here.
    if H5Tdetect_class(stored.id, H5T_REFERENCE) > 0 { return }
    let type = try OutputHandle(H5Tcopy(stored.id), closedBy: H5Tclose)
    let space = try OutputHandle(H5Aget_space(from.id), closedBy: H5Sclose)
    let to = try OutputHandle(H5Acreate2(target.id, name, type.id, space.id, defaults, defaults), closedBy: H5Aclose)
    let count = H5Sget_simple_extent_npoints(space.id)
    let (bytes, overflow) = Int(max(0, count)).multipliedReportingOverflow(by: H5Tget_size(type.id))
    guard !overflow, bytes <= 64 << 20 else { throw HDF5Refusal(reason: "the attribute \(name) is absurdly large") }
    guard bytes > 0 else { return }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
    defer { buffer.deallocate() }
    try check(H5Aread(from.id, type.id, buffer.baseAddress))
    let status = H5Awrite(to.id, type.id, buffer.baseAddress)
    _ = H5Dvlen_reclaim(type.id, space.id, defaults, buffer.baseAddress)
    try check(status)
  }
}

/// How a copied dataset is stored.
struct CopyLayout: ~Copyable {
  let creation: OutputHandle
  /// Extents of a chunk; nil where it lies in one piece.
  let chunk: [Int]?

  /// Bytes of a chunk where the data lay in one piece and are to be compressed.
  private static let chunkSize = 1 << 20

  init(
    _ prototype: borrowing OutputHandle, _ type: borrowing OutputHandle, _ dataset: CopiedDataset, rows: Int
  ) throws(HDF5Refusal) {
    let list = try OutputHandle(H5Dget_create_plist(prototype.id), closedBy: H5Pclose)
    let chunk = try Self.chunk(list, elementSize: H5Tget_size(type.id), dataset, rows: rows)
    if let level = dataset.compression, chunk != nil, H5Pget_nfilters(list.id) == 0 {
      try check(H5Pset_shuffle(list.id))
      try check(H5Pset_deflate(list.id, UInt32(level)))
    }
    try check(H5Pset_obj_track_times(list.id, false))
    creation = list
    self.chunk = chunk
  }

  /// Extents of a chunk, which the list has or is given.
  private static func chunk(
    _ list: borrowing OutputHandle, elementSize: Int, _ dataset: CopiedDataset, rows: Int
  ) throws(HDF5Refusal) -> [Int]? {
    let rank = dataset.entryShape.count + 1
    switch H5Pget_layout(list.id) {
    case H5D_CHUNKED:
      var extents = [hsize_t](repeating: 0, count: 32)
      guard H5Pget_chunk(list.id, 32, &extents) == CInt(rank) else {
        throw HDF5Refusal(reason: "its chunks have another number of dimensions than it")
      }
      return extents.prefix(rank).map { Int($0) }
    case H5D_CONTIGUOUS, H5D_COMPACT:
      guard H5Pget_external_count(list.id) == 0 else { throw HDF5Refusal(reason: "its data are in other, raw files") }
      guard dataset.compression != nil, rows > 0, !dataset.entryShape.contains(0) else {
        try check(H5Pset_layout(list.id, H5D_CONTIGUOUS))
        return nil
      }
      let size = dataset.entryShape.reduce(elementSize) {
        $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1
      }
      let chunk = [max(1, min(rows, chunkSize / max(1, size)))] + dataset.entryShape
      try check(H5Pset_chunk(list.id, CInt(rank), chunk.map { hsize_t($0) }))
      return chunk
    default:
      throw HDF5Refusal(reason: "it is a virtual dataset: take the run's own files, which have the data")
    }
  }
}

/// Copies rows of one dataset to another one.
struct RowCopy {
  let from: hid_t
  let to: hid_t
  let type: hid_t
  let entryShape: [Int]
  private let chunk: [Int]?
  /// Whether its values lie where its elements do.
  private let isPlain: Bool
  /// Whether a chunk of the one is, byte by byte, a chunk of the other.
  private let sharesChunks: Bool

  /// Bytes of rows that are read at a time.
  private static let batchSize = 16 << 20
  /// The process has no more memory than a few of these.
  private static let largestBatch = 128 << 20

  init(
    from: hid_t, to: hid_t, type: hid_t, entryShape: [Int], _ layout: borrowing CopyLayout
  ) throws(HDF5Refusal) {
    (self.from, self.to, self.type, self.entryShape) = (from, to, type, entryShape)
    chunk = layout.chunk
    let creation = try OutputHandle(H5Dget_create_plist(from), closedBy: H5Pclose)
    let stored = try OutputHandle(H5Dget_type(from), closedBy: H5Tclose)
    guard H5Pget_layout(creation.id) != H5D_VIRTUAL else {
      throw HDF5Refusal(reason: "it is a virtual dataset: take the run's own files, which have the data")
    }
    guard H5Pget_external_count(creation.id) == 0 else { throw HDF5Refusal(reason: "its data are in other, raw files") }
    // What is behind strings of variable length lies elsewhere in the file.
    isPlain =
      H5Tdetect_class(stored.id, H5T_VLEN) <= 0 && H5Tis_variable_str(stored.id) <= 0
      && H5Tdetect_class(stored.id, H5T_REFERENCE) <= 0
    try check(H5Pset_obj_track_times(creation.id, false))
    let hasSameChunks = layout.chunk != nil && H5Pequal(creation.id, layout.creation.id) > 0
    // Of small chunks many are read at a time; of large ones those that were never written stay so.
    let isWorthIt = H5Pget_nfilters(creation.id) > 0 || Self.isLarge(layout.chunk ?? [], H5Tget_size(type))
    sharesChunks = isPlain && isWorthIt && hasSameChunks && H5Tequal(stored.id, type) > 0
  }

  /// Whether a chunk has more bytes than looking for it costs.
  private static func isLarge(_ chunk: [Int], _ elementSize: Int) -> Bool {
    var size = elementSize
    for extent in chunk where size < 32 << 10 { size *= min(extent, 32 << 10) }
    return size >= 32 << 10
  }

  func copy(_ rows: Int, from first: Int, to start: Int) throws(HDF5Refusal) {
    guard rows > 0, !entryShape.contains(0) else { return }
    var done = 0
    let length = chunk?[0] ?? 1
    if sharesChunks, first % length == start % length {
      // Up to the first whole chunk, the whole ones, and what is left.
      let head = min(rows, (length - start % length) % length)
      try copyRows(head, from: first, to: start)
      done = head
      while rows - done >= length {
        stopIfAlone()
        try copyChunks(from: first + done, to: start + done)
        done += length
      }
    }
    try copyRows(rows - done, from: first + done, to: start + done)
  }

  /// The chunks that hold the rows of one chunk.
  private func copyChunks(from first: Int, to start: Int) throws(HDF5Refusal) {
    guard let chunk else { return }
    var place = [Int](repeating: 0, count: chunk.count)
    while true {
      let source = [hsize_t(first)] + place.dropFirst().map { hsize_t($0) }
      let target = [hsize_t(start)] + place.dropFirst().map { hsize_t($0) }
      try copyChunk(source, target)
      var axis = chunk.count - 1
      while axis > 0 {
        place[axis] += chunk[axis]
        if place[axis] < entryShape[axis - 1] { break }
        place[axis] = 0
        axis -= 1
      }
      if axis == 0 { return }
    }
  }

  private func copyChunk(_ source: [hsize_t], _ target: [hsize_t]) throws(HDF5Refusal) {
    var size: hsize_t = 0
    var mask: UInt32 = 0
    var address = chdf5_HADDR_UNDEF()
    try check(H5Dget_chunk_info_by_coord(from, source, &mask, &address, &size))
    // Never written: nor is it here, and has the same fill value.
    guard address != chdf5_HADDR_UNDEF(), size > 0 else { return }
    guard size <= hsize_t(Self.largestBatch) else { throw HDF5Refusal(reason: "a chunk of \(size) bytes is too large") }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(size), alignment: 16)
    defer { buffer.deallocate() }
    try check(H5Dread_chunk(from, hid_t(H5P_DEFAULT), source, &mask, buffer.baseAddress))
    try check(H5Dwrite_chunk(to, hid_t(H5P_DEFAULT), mask, target, Int(size), buffer.baseAddress))
  }

  private func copyRows(_ rows: Int, from first: Int, to start: Int) throws(HDF5Refusal) {
    guard rows > 0 else { return }
    var size = H5Tget_size(type)
    for extent in entryShape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.largestBatch else {
        throw HDF5Refusal(reason: "an entry of it is too large to be copied")
      }
      size = product
    }
    let length = chunk?[0] ?? 1
    var most = max(1, Self.batchSize / max(1, size))
    // Whole chunks at a time, so that none is encoded twice.
    if most > length {
      most -= most % length
    } else if length <= Self.largestBatch / max(1, size) {
      most = length
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(most, rows) * size, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < rows {
      stopIfAlone()
      let edge = (start + done) % length
      let count = min(rows - done, edge == 0 ? most : min(most, length - edge))
      try copyBatch(count, from: first + done, to: start + done, buffer)
      done += count
    }
  }

  private func copyBatch(
    _ count: Int, from first: Int, to start: Int, _ buffer: UnsafeMutableRawBufferPointer
  ) throws(HDF5Refusal) {
    let memory = try OutputFile.space(count, entryShape, canGrow: false)
    let source = try OutputHandle(H5Dget_space(from), closedBy: H5Sclose)
    let target = try OutputHandle(H5Dget_space(to), closedBy: H5Sclose)
    for (space, row) in [(source.id, first), (target.id, start)] {
      guard H5Sget_simple_extent_ndims(space) == CInt(entryShape.count + 1) else {
        throw HDF5Refusal(reason: "it has another number of dimensions than the others")
      }
      let origin = [hsize_t(row)] + entryShape.map { _ in 0 }
      let extent = [hsize_t(count)] + entryShape.map { hsize_t($0) }
      try check(H5Sselect_hyperslab(space, H5S_SELECT_SET, origin, nil, extent, nil))
      guard H5Sselect_valid(space) > 0 else { throw HDF5Refusal(reason: "it has no rows \(row) to \(row + count)") }
    }
    try check(H5Dread(from, type, memory.id, source.id, hid_t(H5P_DEFAULT), buffer.baseAddress))
    let status = H5Dwrite(to, type, memory.id, target.id, hid_t(H5P_DEFAULT), buffer.baseAddress)
    // It looks at each element, also where there is nothing to be freed.
    if !isPlain { _ = H5Dvlen_reclaim(type, memory.id, hid_t(H5P_DEFAULT), buffer.baseAddress) }
    try check(status)
  }

  /// Who asked for the copy.
  private static let parent = getppid()

  /// Ends the process where whoever asked for the copy has been killed: nobody wants it then.
  private func stopIfAlone() {
    if getppid() != Self.parent { _exit(1) }
  }
}
