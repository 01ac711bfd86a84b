internal import CHDF5

/// The layout that elements get in memory when libhdf5 reads them.
package struct MemoryType: ~Copyable {
  let handle: Handle
  /// Bytes per element.
  package let size: Int

  private init(_ handle: consuming Handle, size: Int) {
    self.handle = handle
    self.size = size
  }

  /// Unsigned 64-bit integers of this machine: INDEX and every other count and train id.
  package static func uint64(_ library: borrowing HDF5Library) throws(HDF5Error) -> MemoryType {
    try copy(of: chdf5_H5T_NATIVE_UINT64(), library)
  }

  /// Signed 64-bit integers of this machine.
  static func int64(_ library: borrowing HDF5Library) throws(HDF5Error) -> MemoryType {
    try copy(of: chdf5_H5T_NATIVE_INT64(), library)
  }

  /// Pointers to C strings that the library allocates.
  static func variableString(isUTF8: Bool, _ library: borrowing HDF5Library) throws(HDF5Error) -> MemoryType {
    try string(size: chdf5_H5T_VARIABLE(), isUTF8: isUTF8, library)
  }

  /// What h5py and numpy see of `type`: byte order kept, odd precisions widened, strings padded with NUL, bool one byte.
  /// - Throws: ``HDF5Error`` for a type that has no such layout.
  package static func numpy(
    _ type: Datatype, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> MemoryType {
    switch type {
    case .integer(let size, let signed, let order, _):
      let base: hid_t =
        switch size {
        case 1: chdf5_H5T_NATIVE_INT8()
        case 4: chdf5_H5T_NATIVE_INT32()
        default: chdf5_H5T_NATIVE_INT64()
        }
      let made = try copy(of: base, library)
      guard H5Tset_size(made.handle.id, size) >= 0, H5Tset_precision(made.handle.id, size * 8) >= 0,
        H5Tset_sign(made.handle.id, signed ? H5T_SGN_2 : H5T_SGN_NONE) >= 0,
        H5Tset_order(made.handle.id, order == .little ? H5T_ORDER_LE : H5T_ORDER_BE) >= 0
      else { throw failure(library) }
      return MemoryType(made.takeHandle(), size: size)
    case .float(let size, let order):
      switch size {
      case 2:
        let made = try copy(of: chdf5_H5T_IEEE_F32LE(), library)
        let id = made.handle.id
        guard H5Tset_fields(id, 15, 10, 5, 0, 10) >= 0, H5Tset_precision(id, 16) >= 0, H5Tset_size(id, 2) >= 0,
          H5Tset_ebias(id, 15) >= 0, H5Tset_order(id, order == .little ? H5T_ORDER_LE : H5T_ORDER_BE) >= 0
        else { throw failure(library) }
        return MemoryType(made.takeHandle(), size: 2)
      case 4: return try copy(of: order == .little ? chdf5_H5T_IEEE_F32LE() : chdf5_H5T_IEEE_F32BE(), library)
      case 8: return try copy(of: order == .little ? chdf5_H5T_IEEE_F64LE() : chdf5_H5T_IEEE_F64BE(), library)
      default: return try copy(of: chdf5_H5T_NATIVE_LDOUBLE(), library)
      }
    case .fixedString(let length, _, let isUTF8): return try string(size: length, isUTF8: isUTF8, library)
    case .enumeration(let base, _):
      if type.isBoolean { return try boolean(library) }
      // An enum converts to nothing but an enum of the same names, so its own type is kept: its bytes are its base's.
      return try enumeration(type, base: base, library)
    case .compound(let size, let fields):
      guard let id = Handle(H5Tcreate(H5T_COMPOUND, size), H5Tclose) else { throw failure(library) }
      for field in fields {
        let member = try numpy(field.type, library)
        guard H5Tinsert(id.id, field.name, field.offset, member.handle.id) >= 0 else { throw failure(library) }
      }
      return MemoryType(id, size: size)
    case .array(let base, let shape):
      let element = try numpy(base, library)
      guard
        let id = Handle(H5Tarray_create2(element.handle.id, UInt32(shape.count), shape.map { hsize_t($0) }), H5Tclose)
      else { throw failure(library) }
      let size = H5Tget_size(id.id)
      return MemoryType(id, size: size)
    case .opaque(let size, let tag):
      guard let id = Handle(H5Tcreate(H5T_OPAQUE, size), H5Tclose), H5Tset_tag(id.id, tag) >= 0 else {
        throw failure(library)
      }
      return MemoryType(id, size: size)
    case .bitfield(let size, let order):
      guard let id = Handle(H5Tcopy(chdf5_bitfield(size)), H5Tclose),
        H5Tset_order(id.id, order == .little ? H5T_ORDER_LE : H5T_ORDER_BE) >= 0
      else { throw failure(library) }
      return MemoryType(id, size: size)
    case .variableString, .unsupported:
      throw HDF5Error("read", file: "", reason: "a type that has no fixed layout in memory")
    }
  }

  private static func copy(of id: hid_t, _ library: borrowing HDF5Library) throws(HDF5Error) -> MemoryType {
    guard let handle = Handle(H5Tcopy(id), H5Tclose) else { throw failure(library) }
    return MemoryType(handle, size: H5Tget_size(id))
  }

  private static func string(
    size: Int, isUTF8: Bool, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> MemoryType {
    guard let handle = Handle(H5Tcopy(chdf5_H5T_C_S1()), H5Tclose), H5Tset_size(handle.id, size) >= 0,
      size == chdf5_H5T_VARIABLE() || H5Tset_strpad(handle.id, H5T_STR_NULLPAD) >= 0,
      H5Tset_cset(handle.id, isUTF8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII) >= 0
    else { throw failure(library) }
    let size = H5Tget_size(handle.id)
    return MemoryType(handle, size: size)
  }

  private static func boolean(_ library: borrowing HDF5Library) throws(HDF5Error) -> MemoryType {
    guard let handle = Handle(H5Tenum_create(chdf5_H5T_NATIVE_INT8()), H5Tclose) else { throw failure(library) }
    var (no, yes): (Int8, Int8) = (0, 1)
    guard H5Tenum_insert(handle.id, "FALSE", &no) >= 0, H5Tenum_insert(handle.id, "TRUE", &yes) >= 0 else {
      throw failure(library)
    }
    return MemoryType(handle, size: 1)
  }

  private static func enumeration(
    _ type: Datatype, base: Datatype, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> MemoryType {
    guard case .enumeration(_, let members) = type else { throw failure(library) }
    let element = try numpy(base, library)
    guard let handle = Handle(H5Tenum_create(element.handle.id), H5Tclose) else { throw failure(library) }
    for (name, value) in members {
      var raw: [Int64] = [value, 0]
      guard
        H5Tconvert(chdf5_H5T_NATIVE_INT64(), element.handle.id, 1, &raw, nil, defaultProperties) >= 0,
        H5Tenum_insert(handle.id, name, &raw) >= 0
      else { throw failure(library) }
    }
    return MemoryType(handle, size: element.size)
  }

  private consuming func takeHandle() -> Handle { handle }

  private static func failure(_ library: borrowing HDF5Library) -> HDF5Error {
    HDF5Error("describe", file: "", object: "a memory type", library)
  }
}
