internal import CHDF5

/// A filter as it is set on a new dataset.
public enum RawFilter: Sendable, Hashable {
  case deflate(level: UInt32)
  case shuffle
  case fletcher32
}

/// What libhdf5 says of a chunk.
public struct RawChunk: Equatable, Sendable {
  /// Offset in the file, user block included; nil for a chunk never written.
  public var address: UInt64?
  public var size: UInt64
  public var filterMask: UInt32
}

/// A chunked dataset in a `RawFile`.
public final class RawDataset {
  private let id: Int64
  private let userBlock: UInt64
  /// Bytes of a whole chunk, decoded.
  public let chunkBytes: Int

  /// Creates a dataset of unsigned integers.
  ///
  /// - Parameters:
  ///   - elementSize: 1, 2, 4 or 8 bytes.
  ///   - unlimited: number of leading dimensions that can grow.
  ///   - early: allocate all chunks at once.
  ///   - newHeader: an object header of version 2, which libhdf5 writes if it has to keep the order of attributes.
  public init(
    creating name: String, in file: RawFile, elementSize: Int, dimensions: [UInt64], chunk: [UInt64],
    filters: [RawFilter] = [], unlimited: Int = 0, early: Bool = false, newHeader: Bool = false
  ) throws {
    let maximum = dimensions.enumerated().map { $0.offset < unlimited ? chdf5_H5S_UNLIMITED() : $0.element }
    let space = try checked(H5Screate_simple(Int32(dimensions.count), dimensions, maximum), "H5Screate_simple")
    let create = try checked(H5Pcreate(chdf5_H5P_DATASET_CREATE()), "H5Pcreate")
    defer {
      H5Sclose(space)
      H5Pclose(create)
    }
    try checked(H5Pset_chunk(create, Int32(chunk.count), chunk), "H5Pset_chunk")
    if early { try checked(H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time") }
    if newHeader {
      try checked(H5Pset_attr_creation_order(create, UInt32(H5P_CRT_ORDER_TRACKED)), "H5Pset_attr_creation_order")
    }
    for filter in filters {
      switch filter {
      case .deflate(let level): try checked(H5Pset_deflate(create, level), "H5Pset_deflate")
      case .shuffle: try checked(H5Pset_shuffle(create), "H5Pset_shuffle")
      case .fletcher32: try checked(H5Pset_fletcher32(create), "H5Pset_fletcher32")
      }
    }
    let none = hid_t(H5P_DEFAULT)
    id = try checked(H5Dcreate2(file.id, name, Self.type(elementSize), space, none, create, none), "H5Dcreate2")
    userBlock = file.userBlock
    chunkBytes = Int(chunk.reduce(1, *)) * elementSize
  }

  /// Opens a dataset that was created before.
  public init(opening name: String, in file: RawFile, chunkBytes: Int) throws {
    id = try checked(H5Dopen2(file.id, name, hid_t(H5P_DEFAULT)), "H5Dopen2")
    userBlock = file.userBlock
    self.chunkBytes = chunkBytes
  }

  deinit {
    H5Dclose(id)
  }

  /// Address of the object header as libhdf5 reports it.
  public func objectHeader() throws -> UInt64 {
    var info = H5O_info_t()
    try checked(H5Oget_info2(id, &info, UInt32(H5O_INFO_BASIC)), "H5Oget_info2")
    return UInt64(info.addr)
  }

  /// Writes the whole dataset through its filters.
  public func write(_ bytes: [UInt8], elementSize: Int) throws {
    try checked(H5Dwrite(id, Self.type(elementSize), H5S_ALL, H5S_ALL, hid_t(H5P_DEFAULT), bytes), "H5Dwrite")
  }

  /// Writes bytes as a stored chunk, filters left out.
  public func writeChunk(at offsets: [UInt64], _ stored: [UInt8], skipping filterMask: UInt32 = 0) throws {
    try checked(
      H5Dwrite_chunk(id, hid_t(H5P_DEFAULT), filterMask, offsets, stored.count, stored), "H5Dwrite_chunk")
  }

  /// A chunk as stored.
  public func readChunk(at offsets: [UInt64]) throws -> (stored: [UInt8], filterMask: UInt32) {
    var size: UInt64 = 0
    try checked(H5Dget_chunk_storage_size(id, offsets, &size), "H5Dget_chunk_storage_size")
    var stored = [UInt8](repeating: 0, count: Int(size))
    var filterMask: UInt32 = 0
    try checked(H5Dread_chunk(id, hid_t(H5P_DEFAULT), offsets, &filterMask, &stored), "H5Dread_chunk")
    return (stored, filterMask)
  }

  /// Where libhdf5 says a chunk lies. Slow: walks the whole index.
  public func chunkInfo(at offsets: [UInt64]) throws -> RawChunk {
    var (mask, address, size): (UInt32, haddr_t, UInt64) = (0, 0, 0)
    try checked(H5Dget_chunk_info_by_coord(id, offsets, &mask, &address, &size), "H5Dget_chunk_info_by_coord")
    if address == chdf5_HADDR_UNDEF() { return RawChunk(address: nil, size: 0, filterMask: 0) }
    // libhdf5 before 1.14.4 leaves out the user block here (HDF5 pull request 4236).
    return RawChunk(address: UInt64(address) + userBlock, size: size, filterMask: mask)
  }

  private static func type(_ elementSize: Int) -> hid_t {
    switch elementSize {
    case 1: chdf5_H5T_NATIVE_UINT8()
    case 2: chdf5_H5T_NATIVE_UINT16()
    case 4: chdf5_H5T_NATIVE_UINT32()
    default: chdf5_H5T_NATIVE_UINT64()
    }
  }
}
