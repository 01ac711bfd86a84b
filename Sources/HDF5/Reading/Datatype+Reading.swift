internal import CHDF5

extension Datatype {
  /// Nesting deeper than this is no instrument's data, and would recurse without bound in a hostile file.
  private static let deepest = 16

  /// Describes the open datatype `id`.
  init(id: hid_t, depth: Int = 0, _ library: borrowing HDF5Library) {
    guard depth < Self.deepest else {
      self = .unsupported("types nested more than \(Self.deepest) deep")
      return
    }
    let size = H5Tget_size(id)
    // libhdf5 stores the size in 32 bits; more than 2^31 bytes an element cannot be served.
    guard size > 0, size <= Int(Int32.max) else {
      self = .unsupported("a type of \(size) bytes")
      return
    }
    switch H5Tget_class(id) {
    case H5T_INTEGER: self = Self.integer(id, size)
    case H5T_FLOAT: self = Self.float(id, size)
    case H5T_STRING: self = Self.string(id, size)
    case H5T_BITFIELD:
      let isWhole = H5Tget_precision(id) == size * 8
      self =
        isWhole && [1, 2, 4, 8].contains(size)
        ? .bitfield(size: size, order: Self.order(id)) : .unsupported("a bit field of \(H5Tget_precision(id)) bits")
    case H5T_OPAQUE: self = .opaque(size: size, tag: Self.take(H5Tget_tag(id)))
    case H5T_ENUM: self = Self.enumeration(id, depth, library)
    case H5T_COMPOUND: self = Self.compound(id, size, depth, library)
    case H5T_ARRAY: self = Self.array(id, depth, library)
    case H5T_REFERENCE: self = .unsupported("references")
    case H5T_VLEN: self = .unsupported("sequences of variable length")
    case H5T_TIME: self = .unsupported("HDF5 times")
    default: self = .unsupported("an unknown type class")
    }
  }

  private static func integer(_ id: hid_t, _ size: Int) -> Datatype {
    guard [1, 2, 4, 8].contains(size) else { return .unsupported("integers of \(size) bytes") }
    let isWhole = H5Tget_precision(id) == size * 8 && H5Tget_offset(id) == 0
    return .integer(size: size, signed: H5Tget_sign(id) == H5T_SGN_2, order: order(id), isWhole: isWhole)
  }

  private static func float(_ id: hid_t, _ size: Int) -> Datatype {
    let order = order(id)
    switch size {
    case 2:
      // IEEE binary16: sign at bit 15, 5 bits of exponent from 10 with bias 15, 10 bits of mantissa.
      var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
      let known = H5Tget_fields(id, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0
      let fields = [sign, exponent, exponentSize, mantissa, mantissaSize]
      if known, fields == [15, 10, 5, 0, 10], H5Tget_ebias(id) == 15 { return .float(size: 2, order: order) }
    case 4:
      if H5Tequal(id, order == .little ? chdf5_H5T_IEEE_F32LE() : chdf5_H5T_IEEE_F32BE()) > 0 {
        return .float(size: 4, order: order)
      }
    case 8:
      if H5Tequal(id, order == .little ? chdf5_H5T_IEEE_F64LE() : chdf5_H5T_IEEE_F64BE()) > 0 {
        return .float(size: 8, order: order)
      }
    case 16:
      if H5Tequal(id, chdf5_H5T_NATIVE_LDOUBLE()) > 0 { return .float(size: 16, order: order) }
    default: break
    }
    return .unsupported("floats of \(size) bytes that are not IEEE 754")
  }

  private static func string(_ id: hid_t, _ size: Int) -> Datatype {
    let isUTF8 = H5Tget_cset(id) == H5T_CSET_UTF8
    if H5Tis_variable_str(id) > 0 { return .variableString(isUTF8: isUTF8) }
    let padding: StringPadding =
      switch H5Tget_strpad(id) {
      case H5T_STR_NULLTERM: .nullTerminated
      case H5T_STR_SPACEPAD: .spacePadded
      default: .nullPadded
      }
    return .fixedString(length: size, padding: padding, isUTF8: isUTF8)
  }

  private static func enumeration(_ id: hid_t, _ depth: Int, _ library: borrowing HDF5Library) -> Datatype {
    guard let base = Handle(H5Tget_super(id), H5Tclose) else { return .unsupported("an enum without a base type") }
    // A damaged file may say otherwise; libhdf5 then writes as many bytes as the one says, and converts as many as the other.
    let size = H5Tget_size(base.id)
    guard size == H5Tget_size(id), size > 0, size <= 8, H5Tget_class(base.id) == H5T_INTEGER else {
      return .unsupported("an enum of \(H5Tget_size(id)) bytes over a type of \(size)")
    }
    var members: [String: Int64] = [:]
    for index in 0..<UInt32(max(0, H5Tget_nmembers(id))) {
      var raw = [UInt8](repeating: 0, count: 8)
      guard H5Tget_member_value(id, index, &raw) >= 0,
        H5Tconvert(base.id, chdf5_H5T_NATIVE_INT64(), 1, &raw, nil, defaultProperties) >= 0
      else { continue }
      members[take(H5Tget_member_name(id, index))] = raw.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
    }
    return .enumeration(base: Datatype(id: base.id, depth: depth + 1, library), members: members)
  }

  private static func compound(
    _ id: hid_t, _ size: Int, _ depth: Int, _ library: borrowing HDF5Library
  ) -> Datatype {
    var fields: [Field] = []
    for index in 0..<UInt32(max(0, H5Tget_nmembers(id))) {
      guard let member = Handle(H5Tget_member_type(id, index), H5Tclose) else {
        return .unsupported("a compound with a broken member")
      }
      fields.append(
        Field(
          name: take(H5Tget_member_name(id, index)), offset: H5Tget_member_offset(id, index),
          type: Datatype(id: member.id, depth: depth + 1, library)))
    }
    return .compound(size: size, fields: fields)
  }

  private static func array(_ id: hid_t, _ depth: Int, _ library: borrowing HDF5Library) -> Datatype {
    let rank = H5Tget_array_ndims(id)
    guard let base = Handle(H5Tget_super(id), H5Tclose), rank > 0, rank <= 32 else {
      return .unsupported("an array type without a shape")
    }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    guard H5Tget_array_dims2(id, &extents) >= 0 else { return .unsupported("an array type without a shape") }
    let shape = extents.compactMap { Int(exactly: $0) }
    guard shape.count == extents.count else { return .unsupported("an array type of absurd extent") }
    return .array(base: Datatype(id: base.id, depth: depth + 1, library), shape: shape)
  }

  private static func order(_ id: hid_t) -> ByteOrder { H5Tget_order(id) == H5T_ORDER_BE ? .big : .little }

  /// Copies a string that libhdf5 allocated, and gives it back.
  private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String {
    guard let text else { return "" }
    defer { H5free_memory(text) }
    return String(cString: text)
  }
}
