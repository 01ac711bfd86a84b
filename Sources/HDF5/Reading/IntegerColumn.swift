internal import CHDF5

/// All integers of a dataset, whatever their width, with the sign they have in the file.
public struct IntegerColumn: Hashable, Sendable {
  /// The extents of the dataset.
  public var shape: [Int]
  /// In C order; negative numbers as their two's complement.
  public var bits: [UInt64]
  public var isSigned: Bool

  public init(shape: [Int], bits: [UInt64], isSigned: Bool) {
    self.shape = shape
    self.bits = bits
    self.isSigned = isSigned
  }
}

extension Dataset {
  /// More numbers than this in INDEX or in a time stamp are damage: a run of 2^26 trains would last 77 days.
  static var mostNumbers: Int { 1 << 26 }
  /// So many rows are read in any case; of more, something must be stored.
  private static var fewNumbers: Int { 1 << 20 }
  /// Elements for each byte that is stored. Deflate gives 1032 bytes for one at most, and numbers have eight.
  private static var mostElementsPerByte: Int { 128 }

  /// Refuses to read what the file claims to have and does not hold: memory is spent for what is there.
  borrowing func checkStored(_ elements: Int, _ what: String, _ library: borrowing HDF5Library) throws(HDF5Error) {
    guard elements > Self.fewNumbers else { return }
    let (room, overflow) = Int(clamping: storedSize(library)).multipliedReportingOverflow(by: Self.mostElementsPerByte)
    guard overflow || elements <= room else {
      throw refusal("it claims to have \(elements) \(what), and stores \(storedSize(library)) bytes")
    }
  }

  /// The first rows of a dataset of one dimension.
  /// - Throws: ``HDF5Error`` where it holds no integers, or more than any run has.
  borrowing func column(limit: Int?, _ library: borrowing HDF5Library) throws(HDF5Error) -> IntegerColumn {
    let shape = try shape(library)
    guard shape.count == 1 else { throw refusal("it has \(shape.count) dimensions, not 1") }
    let count = max(0, min(shape[0], limit ?? shape[0]))
    guard count <= Self.mostNumbers else { throw refusal("it has \(count) rows, more than any run has trains") }
    try checkStored(count, "rows", library)
    if let values = smallChunkIntegers(count, library) {
      return IntegerColumn(shape: shape, bits: values, isSigned: false)
    }
    let type = try datatype(library)
    var isSigned = false
    switch type {
    case .integer(_, let signed, _, _): isSigned = signed
    case .bitfield: break
    default: throw refusal("it holds no integers")
    }
    let memory = isSigned ? try MemoryType.int64(library) : try MemoryType.uint64(library)
    var bits = [UInt64](repeating: 0, count: count)
    try read(start: [0], count: [count], as: memory, into: &bits, library)
    return IntegerColumn(shape: shape, bits: bits, isSigned: isSigned)
  }

  /// The first extent alone, which a check of hundreds of thousands of datasets asks for.
  /// - Returns: nil where it has none: a single value, or a null dataspace.
  package borrowing func rowCount(_ library: borrowing HDF5Library) throws(HDF5Error) -> UInt64? {
    guard let space = Handle(H5Dget_space(handle.id), H5Sclose) else { throw error("describe", library) }
    let rank = H5Sget_simple_extent_ndims(space.id)
    guard rank >= 0, rank <= 32 else { throw error("describe", library) }
    guard rank > 0 else { return nil }
    return withUnsafeTemporaryAllocation(of: hsize_t.self, capacity: 32) { extents -> UInt64? in
      H5Sget_simple_extent_dims(space.id, extents.baseAddress, nil) > 0 ? extents[0] : nil
    }
  }

  /// Reads the whole dataset.
  /// - Throws: ``HDF5Error`` where it holds no integers, or more than any run has.
  package borrowing func integers(_ library: borrowing HDF5Library) throws(HDF5Error) -> IntegerColumn {
    let shape = try shape(library)
    guard let type = Handle(H5Dget_type(handle.id), H5Tclose) else { throw error("describe", library) }
    guard H5Tget_class(type.id) == H5T_INTEGER, H5Tget_size(type.id) <= 8 else { throw refusal("it holds no integers") }
    let isSigned = H5Tget_sign(type.id) == H5T_SGN_2
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.mostNumbers else {
        throw refusal("it has \(shape) numbers, more than any run has trains")
      }
      count = product
    }
    try checkStored(count, "numbers", library)
    guard count > 0 else { return IntegerColumn(shape: shape, bits: [], isSigned: isSigned) }
    try refuseExternalStorage(library)
    let memory = isSigned ? chdf5_H5T_NATIVE_INT64() : chdf5_H5T_NATIVE_UINT64()
    var status: herr_t = 0
    let bits = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      status = H5Dread(handle.id, memory, H5S_ALL, H5S_ALL, defaultProperties, buffer.baseAddress)
      initialized = count
    }
    guard status >= 0 else { throw error("read", library) }
    return IntegerColumn(shape: shape, bits: bits, isSigned: isSigned)
  }
}

extension Dataset {
  /// The bytes that the data take in the file; 0 where nothing was ever written.
  package borrowing func storedSize(_ library: borrowing HDF5Library) -> UInt64 { H5Dget_storage_size(handle.id) }
}
