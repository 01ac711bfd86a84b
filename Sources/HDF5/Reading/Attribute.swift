internal import CHDF5

/// The value of an HDF5 attribute, as far as people and scripts ask for it.
public enum AttributeValue: Hashable, Sendable {
  case string(String)
  case strings([String])
  case integers([Int64])
  case unsigned([UInt64])
  case floats([Double])
  /// Compounds, references and the like: not read, but not hidden either.
  case other(String)
}

extension File {
  /// The attributes of an object by name.
  ///
  /// An attribute that cannot be read is left out: it says nothing about the others.
  package borrowing func attributes(
    of object: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [String: AttributeValue] {
    try attributesAndOmissions(of: object, library).values
  }

  /// The same, and the names of those that cannot be read.
  package borrowing func attributesAndOmissions(
    of object: String, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> (values: [String: AttributeValue], omissions: [String]) {
    guard let opened = Handle(H5Oopen(handle.id, object, defaultProperties), H5Oclose) else {
      throw HDF5Error("open", file: path, object: object, library)
    }
    var names: [String] = []
    let status = withUnsafeMutablePointer(to: &names) { pointer in
      H5Aiterate2(
        opened.id, H5_INDEX_NAME, H5_ITER_INC, nil,
        { _, name, _, context in
          guard let name, let context else { return -1 }
          context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
          return 0
        }, pointer)
    }
    guard status >= 0 else { throw HDF5Error("list the attributes of", file: path, object: object, library) }
    var values: [String: AttributeValue] = [:]
    for name in names {
      guard let attribute = Handle(H5Aopen(opened.id, name, defaultProperties), H5Aclose) else { continue }
      values[name] = Self.value(of: attribute.id, library)
    }
    H5Eclear2(hid_t(H5E_DEFAULT))
    return (values, names.filter { values[$0] == nil })
  }

  /// No attribute of a run is longer than this many elements; what is, is named but not read.
  private static let longestAttribute = 4096

  private static func value(of attribute: hid_t, _ library: borrowing HDF5Library) -> AttributeValue? {
    guard let typeHandle = Handle(H5Aget_type(attribute), H5Tclose),
      let space = Handle(H5Aget_space(attribute), H5Sclose)
    else { return nil }
    let count = H5Sget_simple_extent_npoints(space.id)
    guard count >= 0, count <= longestAttribute else { return .other("\(count) elements") }
    let isScalar = H5Sget_simple_extent_type(space.id) == H5S_SCALAR
    let elements = Int(count)
    switch Datatype(id: typeHandle.id, library) {
    case .integer(_, let signed, _, _):
      if signed { return read(attribute, elements, chdf5_H5T_NATIVE_INT64(), 0 as Int64).map { .integers($0) } }
      return read(attribute, elements, chdf5_H5T_NATIVE_UINT64(), 0 as UInt64).map { .unsigned($0) }
    case .float(let size, _) where size <= 8:
      return read(attribute, elements, chdf5_H5T_NATIVE_DOUBLE(), 0 as Double).map { .floats($0) }
    case .enumeration:
      guard let number = Handle(H5Tget_super(typeHandle.id), H5Tclose) else { return nil }
      // Read as they are, of 8 bytes each at the most (`Datatype.enumeration`), and then made numbers of this machine in place: of
      // any sign and byte order.
      var raw = [Int64](repeating: 0, count: max(1, elements))
      guard H5Aread(attribute, typeHandle.id, &raw) >= 0,
        H5Tconvert(number.id, chdf5_H5T_NATIVE_INT64(), elements, &raw, nil, defaultProperties) >= 0
      else { return nil }
      return .integers(Array(raw.prefix(elements)))
    case .variableString, .fixedString:
      guard let texts = strings(of: attribute, type: typeHandle.id, elements, library) else { return nil }
      return isScalar || texts.count == 1 ? .string(texts.first ?? "") : .strings(texts)
    case .unsupported(let what): return isOddEnum(typeHandle.id) ? nil : .other(what)
    case .compound: return .other("a compound")
    case .array: return .other("an array type")
    case .opaque, .bitfield, .float: return .other("raw bytes")
    }
  }

  /// Whether it is an enum whose size is not that of the numbers it stands for, which only a damaged file has.
  private static func isOddEnum(_ type: hid_t) -> Bool {
    guard H5Tget_class(type) == H5T_ENUM, let number = Handle(H5Tget_super(type), H5Tclose) else { return false }
    return H5Tget_size(type) != H5Tget_size(number.id)
  }

  private static func read<Number: BitwiseCopyable>(_ attribute: hid_t, _ count: Int, _ type: hid_t, _ zero: Number)
    -> [Number]?
  {
    var values = [Number](repeating: zero, count: max(1, count))
    guard H5Aread(attribute, type, &values) >= 0 else { return nil }
    return Array(values.prefix(count))
  }

  private static func strings(
    of attribute: hid_t, type: hid_t, _ count: Int, _ library: borrowing HDF5Library
  ) -> [String]? {
    if H5Tis_variable_str(type) > 0 {
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: max(1, count))
      guard H5Aread(attribute, type, &pointers) >= 0 else { return nil }
      return pointers.prefix(count).map { pointer in
        guard let pointer else { return "" }
        defer { H5free_memory(pointer) }
        return String(cString: pointer)
      }
    }
    let size = H5Tget_size(type)
    guard size > 0, size <= 1 << 20, count <= (16 << 20) / size else { return nil }
    var bytes = [UInt8](repeating: 0, count: max(1, count * size))
    guard H5Aread(attribute, type, &bytes) >= 0 else { return nil }
    let isSpacePadded = H5Tget_strpad(type) == H5T_STR_SPACEPAD
    return (0..<count).map { index in
      var field = bytes[(index * size)..<((index + 1) * size)].prefix { $0 != 0 }
      while isSpacePadded, field.last == 0x20 { field = field.dropLast() }
      return String(decoding: field, as: UTF8.self)
    }
  }
}
