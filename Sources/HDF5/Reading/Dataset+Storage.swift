internal import CHDF5

/// One filter of a dataset's pipeline. The numbers are The HDF Group's registry: 1 deflate, 2 shuffle, 3 fletcher32.
public struct Filter: Hashable, Sendable {
  public var identifier: Int
  public var name: String
  public var parameters: [UInt32]
  /// Whether libhdf5 here can undo it.
  public var isAvailable: Bool
}

/// How the bytes of a dataset lie in its file.
public struct Storage: Hashable, Sendable {
  public enum Layout: Hashable, Sendable {
    /// Inside the object header.
    case compact
    /// In one piece at this offset of the file (user block included); nil when nothing was ever written.
    case contiguous(offset: UInt64?)
    case chunked(shape: [Int])
    /// In other datasets.
    case virtual
    /// In other, raw files.
    case external
  }
  public var layout: Layout
  public var filters: [Filter]
  /// The bytes of one element that was never written, as in the file's type; nil where the file leaves it undefined.
  public var fillValue: [UInt8]?
  /// The address of the dataset's object header, without the user block.
  public var headerAddress: UInt64
  public var file: StorageFile
  /// Layout version 4 can leave the chunks at the edge of a dataset unfiltered.
  public var leavesPartialChunksUnfiltered: Bool
}

/// The file that a dataset's bytes lie in, which is another one than was opened where an external link led to it.
public struct StorageFile: Hashable, Sendable {
  public var path: String
  /// The size of the user block: what to add to an address to get an offset.
  public var baseAddress: UInt64
  /// Bytes of an address and of a length in this file.
  public var offsetSize: Int
  public var lengthSize: Int
  /// Half the number of entries a node of a chunk B-tree has room for.
  public var chunkTreeHalfFanout: Int
}

extension Dataset {
  /// How and where its data is stored.
  package borrowing func storage(_ library: borrowing HDF5Library) throws(HDF5Error) -> Storage {
    guard let creation = Handle(H5Dget_create_plist(handle.id), H5Pclose) else { throw error("describe", library) }
    var info = H5O_info_t()
    guard H5Oget_info2(handle.id, &info, UInt32(H5O_INFO_BASIC)) >= 0 else { throw error("describe", library) }
    return Storage(
      layout: try layout(creation.id, library), filters: filters(creation.id),
      fillValue: fillValue(creation.id, library), headerAddress: UInt64(info.addr),
      file: try storageFile(library), leavesPartialChunksUnfiltered: leavesPartialChunksUnfiltered(creation.id))
  }

  private borrowing func storageFile(_ library: borrowing HDF5Library) throws(HDF5Error) -> StorageFile {
    guard let file = Handle(H5Iget_file_id(handle.id), H5Fclose),
      let creation = Handle(H5Fget_create_plist(file.id), H5Pclose)
    else { throw error("describe", library) }
    var name = [CChar](repeating: 0, count: 4097)
    var base: hsize_t = 0
    var offsetSize = 0
    var lengthSize = 0
    var halfFanout: UInt32 = 0
    guard H5Fget_name(file.id, &name, 4096) > 0, H5Pget_userblock(creation.id, &base) >= 0,
      H5Pget_sizes(creation.id, &offsetSize, &lengthSize) >= 0, H5Pget_istore_k(creation.id, &halfFanout) >= 0
    else { throw error("describe", library) }
    return StorageFile(
      path: File.text(name), baseAddress: base, offsetSize: offsetSize, lengthSize: lengthSize,
      chunkTreeHalfFanout: Int(halfFanout))
  }

  private borrowing func leavesPartialChunksUnfiltered(_ creation: hid_t) -> Bool {
    var options: UInt32 = 0
    guard H5Pget_chunk_opts(creation, &options) >= 0 else {
      H5Eclear2(hid_t(H5E_DEFAULT))
      return false
    }
    return options & UInt32(H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0
  }

  private borrowing func layout(
    _ creation: hid_t, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> Storage.Layout {
    switch H5Pget_layout(creation) {
    case H5D_COMPACT: return .compact
    case H5D_CONTIGUOUS:
      if H5Pget_external_count(creation) > 0 { return .external }
      let offset = H5Dget_offset(handle.id)
      H5Eclear2(hid_t(H5E_DEFAULT))
      return .contiguous(offset: offset == chdf5_HADDR_UNDEF() ? nil : UInt64(offset))
    case H5D_CHUNKED:
      var extents = [hsize_t](repeating: 0, count: 32)
      let rank = H5Pget_chunk(creation, 32, &extents)
      guard rank > 0, rank <= 32 else { throw error("describe", library) }
      let shape = extents.prefix(Int(rank)).compactMap { Int(exactly: $0) }
      // HDF5 stores the size of a chunk in 32 bits; anything else is damage.
      guard shape.count == Int(rank), shape.allSatisfy({ $0 > 0 && $0 <= Int(UInt32.max) }) else {
        throw HDF5Error("describe", file: file, object: object, reason: "its chunk shape is absurd")
      }
      return .chunked(shape: shape)
    case H5D_VIRTUAL: return .virtual
    default: throw error("describe", library)
    }
  }

  private borrowing func filters(_ creation: hid_t) -> [Filter] {
    (0..<UInt32(max(0, H5Pget_nfilters(creation)))).compactMap { index in
      var flags: UInt32 = 0
      var count = 32
      var values = [UInt32](repeating: 0, count: 32)
      var name = [CChar](repeating: 0, count: 256)
      var configuration: UInt32 = 0
      let identifier = H5Pget_filter2(creation, index, &flags, &count, &values, 255, &name, &configuration)
      guard identifier >= 0 else { return nil }
      let isAvailable = H5Zfilter_avail(identifier) > 0
      H5Eclear2(hid_t(H5E_DEFAULT))
      return Filter(
        identifier: Int(identifier), name: File.text(name), parameters: Array(values.prefix(min(count, 32))),
        isAvailable: isAvailable)
    }
  }

  private borrowing func fillValue(_ creation: hid_t, _ library: borrowing HDF5Library) -> [UInt8]? {
    var status = H5D_FILL_VALUE_UNDEFINED
    guard H5Pfill_value_defined(creation, &status) >= 0, status != H5D_FILL_VALUE_UNDEFINED,
      let type = Handle(H5Dget_type(handle.id), H5Tclose)
    else { return nil }
    let size = H5Tget_size(type.id)
    guard size > 0, size <= 1 << 20, H5Tis_variable_str(type.id) <= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    if status == H5D_FILL_VALUE_USER_DEFINED {
      guard H5Pget_fill_value(creation, type.id, &bytes) >= 0 else { return nil }
    }
    return bytes
  }
}
