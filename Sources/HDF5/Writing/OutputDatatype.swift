internal import CHDF5

/// Datatypes of the files, which serve for the memory too: Swift on Linux runs on little-endian machines.
enum OutputDatatype {
  static func make(for values: Values) throws(HDF5Refusal) -> OutputHandle {
    switch values {
    case .numbers(let type, _): try copy(of: number(type))
    case .bools: try bool()
    case .strings: try text(H5T_CSET_ASCII)
    case .unicode: try text(H5T_CSET_UTF8)
    }
  }

  /// Native numbers and fixed strings: what the types of several datasets are promoted to.
  static func make(for type: Datatype) throws(HDF5Refusal) -> OutputHandle {
    switch type {
    case .integer(let size, let signed, .little, isWhole: true):
      let names: [Int: NumberType] =
        signed ? [1: .int8, 4: .int32, 8: .int64] : [1: .uint8, 2: .uint16, 4: .uint32, 8: .uint64]
      if let name = names[size] { return try copy(of: number(name)) }
      guard size == 2 else { break }
      let made = try copy(of: chdf5_H5T_STD_U16LE())
      try check(H5Tset_sign(made.id, H5T_SGN_2))
      return made
    case .float(4, .little): return try copy(of: chdf5_H5T_IEEE_F32LE())
    case .float(8, .little): return try copy(of: chdf5_H5T_IEEE_F64LE())
    case .fixedString(let length, _, let isUTF8):
      let made = try copy(of: chdf5_H5T_C_S1())
      try check(H5Tset_size(made.id, length))
      try check(H5Tset_strpad(made.id, H5T_STR_NULLPAD))
      try check(H5Tset_cset(made.id, isUTF8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII))
      return made
    default: break
    }
    throw HDF5Refusal(reason: "no dataset is written with the type \(type.name)")
  }

  /// Of variable length: ASCII as Karabo writes it, UTF-8 as h5py does.
  private static func text(_ characters: H5T_cset_t) throws(HDF5Refusal) -> OutputHandle {
    let type = try copy(of: chdf5_H5T_C_S1())
    try check(H5Tset_size(type.id, chdf5_H5T_VARIABLE()))
    try check(H5Tset_cset(type.id, characters))
    return type
  }

  private static func number(_ type: NumberType) -> hid_t {
    switch type {
    case .int8: chdf5_H5T_STD_I8LE()
    case .int32: chdf5_H5T_STD_I32LE()
    case .int64: chdf5_H5T_STD_I64LE()
    case .uint8: chdf5_H5T_STD_U8LE()
    case .uint16: chdf5_H5T_STD_U16LE()
    case .uint32: chdf5_H5T_STD_U32LE()
    case .uint64: chdf5_H5T_STD_U64LE()
    case .float32: chdf5_H5T_IEEE_F32LE()
    case .float64: chdf5_H5T_IEEE_F64LE()
    }
  }

  /// The enumeration that h5py, and so numpy, knows as bool.
  private static func bool() throws(HDF5Refusal) -> OutputHandle {
    let type = try OutputHandle(H5Tenum_create(chdf5_H5T_STD_I8LE()), closedBy: H5Tclose)
    for (name, value) in [("FALSE", Int8(0)), ("TRUE", Int8(1))] {
      try check(withUnsafePointer(to: value) { H5Tenum_insert(type.id, name, $0) })
    }
    return type
  }

  private static func copy(of type: hid_t) throws(HDF5Refusal) -> OutputHandle {
    try OutputHandle(H5Tcopy(type), closedBy: H5Tclose)
  }
}
