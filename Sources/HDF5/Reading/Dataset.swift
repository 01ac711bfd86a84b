internal import CHDF5

/// A dataset, open for reading.
package struct Dataset: ~Copyable, Sendable {
  let handle: Handle
  /// The path of the file it was opened from.
  package let file: String
  /// Its path inside that file.
  package let object: String

  /// Extents beyond this are absurd rather than large: 2^62 elements.
  private static let largestExtent = UInt64(1) << 62

  /// The extents, slowest first; empty for a single value.
  /// - Throws: ``HDF5Error`` where the extents do not fit in memory arithmetic.
  package borrowing func shape(_ library: borrowing HDF5Library) throws(HDF5Error) -> [Int] {
    guard let space = Handle(H5Dget_space(handle.id), H5Sclose) else { throw error("describe", library) }
    guard H5Sget_simple_extent_type(space.id) != H5S_NULL else {
      throw HDF5Error("describe", file: file, object: object, reason: "it has no extent at all (a null dataspace)")
    }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0, rank <= 32 else { throw error("describe", library) }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    if rank > 0, H5Sget_simple_extent_dims(space.id, &extents, nil) < 0 { throw error("describe", library) }
    guard extents.allSatisfy({ $0 <= Self.largestExtent }) else {
      throw HDF5Error("describe", file: file, object: object, reason: "its extents \(extents) are absurd")
    }
    return extents.map { Int($0) }
  }

  /// The type of its elements.
  package borrowing func datatype(_ library: borrowing HDF5Library) throws(HDF5Error) -> Datatype {
    guard let type = Handle(H5Dget_type(handle.id), H5Tclose) else { throw error("describe", library) }
    return Datatype(id: type.id, library)
  }

  /// Reads a block of elements.
  ///
  /// - Parameters:
  ///   - start: the first index in each dimension.
  ///   - count: how many in each dimension.
  ///   - tile: the extents of the block that `output` holds, when it is larger than `count` (chunks at the edge of a
  ///     dataset are stored whole); the elements come to lie at its origin.
  ///   - type: the layout the elements get in memory.
  ///   - output: as many bytes as the tile takes.
  /// - Throws: ``HDF5Error`` for any failure; a missing filter or source file among them.
  package borrowing func read(
    start: [Int], count: [Int], tile: [Int]? = nil, as type: borrowing MemoryType,
    into output: UnsafeMutableRawBufferPointer, _ library: borrowing HDF5Library
  ) throws(HDF5Error) {
    var elements = 1
    for (extent, room) in zip(count, tile ?? count) {
      let (product, overflow) = elements.multipliedReportingOverflow(by: room)
      guard !overflow, extent >= 0, extent <= room else { throw refusal("a block of absurd size was asked for") }
      elements = product
    }
    let (bytes, overflow) = elements.multipliedReportingOverflow(by: type.size)
    guard !overflow, bytes <= output.count else { throw refusal("the buffer is smaller than the block") }
    guard elements > 0 else { return }
    try refuseExternalStorage(library)
    guard let space = Handle(H5Dget_space(handle.id), H5Sclose) else { throw error("read", library) }
    // libhdf5 takes as many numbers from each array as the dataset has dimensions.
    let rank = Int(H5Sget_simple_extent_ndims(space.id))
    guard start.count == rank, count.count == rank, tile?.count ?? rank == rank, start.allSatisfy({ $0 >= 0 }) else {
      throw refusal("a block of \(count.count) dimensions from \(start) was asked for, of \(rank) dimensions")
    }
    if count.isEmpty {
      guard H5Dread(handle.id, type.handle.id, H5S_ALL, H5S_ALL, defaultProperties, output.baseAddress) >= 0 else {
        throw error("read", library)
      }
      return
    }
    let first = start.map { hsize_t($0) }
    let extent = count.map { hsize_t($0) }
    let room = (tile ?? count).map { hsize_t($0) }
    let origin = [hsize_t](repeating: 0, count: extent.count)
    guard H5Sselect_hyperslab(space.id, H5S_SELECT_SET, first, nil, extent, nil) >= 0,
      H5Sselect_valid(space.id) > 0,
      let memory = Handle(H5Screate_simple(CInt(room.count), room, nil), H5Sclose),
      H5Sselect_hyperslab(memory.id, H5S_SELECT_SET, origin, nil, extent, nil) >= 0
    else { throw error("read", library) }
    guard H5Dread(handle.id, type.handle.id, memory.id, space.id, defaultProperties, output.baseAddress) >= 0 else {
      throw error("read", library)
    }
  }

  /// Raw data in other files are read by libhdf5 itself, past every check of who may read them; and no run has them.
  borrowing func refuseExternalStorage(_ library: borrowing HDF5Library) throws(HDF5Error) {
    guard let creation = Handle(H5Dget_create_plist(handle.id), H5Pclose) else { throw error("read", library) }
    guard H5Pget_external_count(creation.id) == 0 else { throw refusal("its data are in other, raw files") }
  }

  borrowing func error(_ operation: String, _ library: borrowing HDF5Library) -> HDF5Error {
    HDF5Error(operation, file: file, object: object, library)
  }

  borrowing func refusal(_ reason: String) -> HDF5Error {
    HDF5Error("read", file: file, object: object, reason: reason)
  }
}

extension File {
  /// Datasets without libhdf5's cache of decoded chunks: we take whole chunks or rows, for which the copy through the cache
  /// costs a quarter of the speed (HDF5.md 1). Made once: a list for each opening took a seventh of the time in which the
  /// datasets of a detector are looked through.
  private static let withoutChunkCache: hid_t = {
    let access = H5Pcreate(chdf5_H5P_DATASET_ACCESS())
    guard access >= 0, H5Pset_chunk_cache(access, 0, 0, 0.75) >= 0 else { return defaultProperties }
    return access
  }()

  /// Opens the dataset at `object`.
  package borrowing func dataset(
    _ object: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> Dataset {
    guard let handle = Handle(H5Dopen2(self.handle.id, object, Self.withoutChunkCache), H5Dclose) else {
      throw HDF5Error("open", file: path, object: object, library)
    }
    return Dataset(handle: handle, file: path, object: object)
  }
}
