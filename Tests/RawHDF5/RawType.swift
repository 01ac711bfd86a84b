internal import CHDF5

/// A datatype as it is written into a file.
public indirect enum RawType: Sendable {
  /// `precision`: significant bits, where they are fewer than the size has.
  case integer(size: Int, signed: Bool, bigEndian: Bool = false, precision: Int? = nil)
  /// IEEE 754 of 2, 4 or 8 bytes.
  case float(size: Int, bigEndian: Bool = false)
  /// The machine's long double.
  case longDouble
  /// Two bytes that are no IEEE 754: 8 bits of exponent, 7 of mantissa.
  case bfloat16
  case fixedString(length: Int, padding: Padding = .nullPadded, isUTF8: Bool = false)
  case variableString(isUTF8: Bool = true)
  case enumeration(RawType, [(name: String, value: Int)])
  case compound(size: Int, [(name: String, offset: Int, type: RawType)])
  case array(RawType, [Int])
  case opaque(size: Int, tag: String)
  case bitfield(size: Int, precision: Int? = nil)
  /// A sequence of variable length.
  case sequence(RawType)

  public enum Padding: Sendable { case nullTerminated, nullPadded, spacePadded }

  public static let int8 = RawType.integer(size: 1, signed: true)
  public static let int16 = RawType.integer(size: 2, signed: true)
  public static let int32 = RawType.integer(size: 4, signed: true)
  public static let int64 = RawType.integer(size: 8, signed: true)
  public static let uint8 = RawType.integer(size: 1, signed: false)
  public static let uint16 = RawType.integer(size: 2, signed: false)
  public static let uint32 = RawType.integer(size: 4, signed: false)
  public static let uint64 = RawType.integer(size: 8, signed: false)
  public static let float32 = RawType.float(size: 4)
  public static let float64 = RawType.float(size: 8)
  /// As h5py writes bool.
  public static let boolean = RawType.enumeration(.int8, [("FALSE", 0), ("TRUE", 1)])

  /// A new datatype of libhdf5, to be closed by whoever asked.
  func make() throws -> hid_t {
    switch self {
    case .integer(let size, let signed, let bigEndian, let precision):
      let id = try checked(H5Tcopy(chdf5_H5T_NATIVE_INT64()), "H5Tcopy")
      try checked(H5Tset_size(id, size), "H5Tset_size")
      try checked(H5Tset_precision(id, precision ?? size * 8), "H5Tset_precision")
      try checked(H5Tset_sign(id, signed ? H5T_SGN_2 : H5T_SGN_NONE), "H5Tset_sign")
      return try Self.ordered(id, bigEndian)
    case .float(let size, let bigEndian):
      if size == 2 { return try Self.ordered(try Self.half(exponent: 5), bigEndian) }
      return try Self.ordered(
        try checked(H5Tcopy(size == 4 ? chdf5_H5T_IEEE_F32LE() : chdf5_H5T_IEEE_F64LE()), "H5Tcopy"), bigEndian)
    case .longDouble: return try checked(H5Tcopy(chdf5_H5T_NATIVE_LDOUBLE()), "H5Tcopy")
    case .bfloat16: return try Self.half(exponent: 8)
    case .fixedString(let length, let padding, let isUTF8):
      let id = try Self.string(size: length, isUTF8: isUTF8)
      let ending: H5T_str_t =
        switch padding {
        case .nullTerminated: H5T_STR_NULLTERM
        case .nullPadded: H5T_STR_NULLPAD
        case .spacePadded: H5T_STR_SPACEPAD
        }
      try checked(H5Tset_strpad(id, ending), "H5Tset_strpad")
      return id
    case .variableString(let isUTF8): return try Self.string(size: chdf5_H5T_VARIABLE(), isUTF8: isUTF8)
    case .bitfield(let size, let precision):
      let id = try checked(H5Tcopy(chdf5_bitfield(size)), "H5Tcopy")
      if let precision { try checked(H5Tset_precision(id, precision), "H5Tset_precision") }
      return id
    case .opaque(let size, let tag):
      let id = try checked(H5Tcreate(H5T_OPAQUE, size), "H5Tcreate")
      try checked(H5Tset_tag(id, tag), "H5Tset_tag")
      return id
    default: return try makeNested()
    }
  }

  private func makeNested() throws -> hid_t {
    switch self {
    case .enumeration(let base, let members):
      let element = try base.make()
      defer { H5Tclose(element) }
      let id = try checked(H5Tenum_create(element), "H5Tenum_create")
      for (name, value) in members {
        var raw: [Int64] = [Int64(value), 0]
        try checked(H5Tconvert(chdf5_H5T_NATIVE_INT64(), element, 1, &raw, nil, hid_t(H5P_DEFAULT)), "H5Tconvert")
        try checked(H5Tenum_insert(id, name, &raw), "H5Tenum_insert")
      }
      return id
    case .compound(let size, let fields):
      let id = try checked(H5Tcreate(H5T_COMPOUND, size), "H5Tcreate")
      for field in fields {
        let member = try field.type.make()
        defer { H5Tclose(member) }
        try checked(H5Tinsert(id, field.name, field.offset, member), "H5Tinsert")
      }
      return id
    case .array(let base, let shape):
      let element = try base.make()
      defer { H5Tclose(element) }
      return try checked(H5Tarray_create2(element, UInt32(shape.count), shape.map { hsize_t($0) }), "H5Tarray_create2")
    case .sequence(let base):
      let element = try base.make()
      defer { H5Tclose(element) }
      return try checked(H5Tvlen_create(element), "H5Tvlen_create")
    default: throw RawHDF5Error(description: "not a nested type")
    }
  }

  private static func ordered(_ id: hid_t, _ bigEndian: Bool) throws -> hid_t {
    try checked(H5Tset_order(id, bigEndian ? H5T_ORDER_BE : H5T_ORDER_LE), "H5Tset_order")
    return id
  }

  private static func half(exponent: Int) throws -> hid_t {
    let id = try checked(H5Tcopy(chdf5_H5T_IEEE_F32LE()), "H5Tcopy")
    try checked(H5Tset_fields(id, 15, 15 - exponent, exponent, 0, 15 - exponent), "H5Tset_fields")
    try checked(H5Tset_precision(id, 16), "H5Tset_precision")
    try checked(H5Tset_size(id, 2), "H5Tset_size")
    try checked(H5Tset_ebias(id, (1 << (exponent - 1)) - 1), "H5Tset_ebias")
    return id
  }

  private static func string(size: Int, isUTF8: Bool) throws -> hid_t {
    let id = try checked(H5Tcopy(chdf5_H5T_C_S1()), "H5Tcopy")
    try checked(H5Tset_size(id, size), "H5Tset_size")
    try checked(H5Tset_cset(id, isUTF8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII), "H5Tset_cset")
    return id
  }
}
