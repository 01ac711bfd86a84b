internal import CHDF5

/// How a dataset is laid out in its file.
public enum RawLayout: Sendable, Equatable {
  case contiguous
  case compact
  case chunked([Int])
  /// In a raw file of this name, from its first byte on.
  case external(String)
}

/// What a dataset or an attribute is filled with.
public enum RawValues: Sendable {
  /// The elements as they lie in the file.
  case bytes([UInt8])
  /// For strings of variable length.
  case strings([String])
  /// Never written: readers get the fill value.
  case none
}

extension RawFile {
  /// Creates a dataset, and the groups on the way to it.
  ///
  /// - Parameter shape: nil for a single value.
  public func dataset(
    _ path: String, _ type: RawType, shape: [Int]?, _ values: RawValues, layout: RawLayout = .contiguous,
    filters: [RawFilter] = [], fill: [UInt8]? = nil
  ) throws {
    var canGrow = false
    if case .chunked = layout { canGrow = true }
    let (typeID, space) = (try type.make(), try Self.space(shape, canGrow: canGrow))
    let create = try checked(H5Pcreate(chdf5_H5P_DATASET_CREATE()), "H5Pcreate")
    let links = try Self.intermediateGroups()
    defer {
      H5Tclose(typeID)
      H5Sclose(space)
      H5Pclose(create)
      H5Pclose(links)
    }
    switch layout {
    case .contiguous: break
    case .compact: try checked(H5Pset_layout(create, H5D_COMPACT), "H5Pset_layout")
    case .chunked(let chunk):
      try checked(H5Pset_chunk(create, Int32(chunk.count), chunk.map { hsize_t($0) }), "H5Pset_chunk")
    case .external(let file):
      let size = hsize_t((shape ?? []).reduce(H5Tget_size(typeID), *))
      try checked(H5Pset_external(create, file, 0, size), "H5Pset_external")
    }
    for filter in filters {
      switch filter {
      case .deflate(let level): try checked(H5Pset_deflate(create, level), "H5Pset_deflate")
      case .shuffle: try checked(H5Pset_shuffle(create), "H5Pset_shuffle")
      case .fletcher32: try checked(H5Pset_fletcher32(create), "H5Pset_fletcher32")
      }
    }
    if let fill { try checked(H5Pset_fill_value(create, typeID, fill), "H5Pset_fill_value") }
    let none = hid_t(H5P_DEFAULT)
    let dataset = try checked(H5Dcreate2(id, path, typeID, space, links, create, none), "H5Dcreate2 \(path)")
    defer { H5Dclose(dataset) }
    try values.give { pointer in
      try checked(H5Dwrite(dataset, typeID, H5S_ALL, H5S_ALL, none, pointer), "H5Dwrite \(path)")
    }
  }

  /// Creates a dataset of another file's data.
  public func virtualDataset(_ path: String, _ type: RawType, shape: [Int], of file: String, _ object: String) throws {
    let (typeID, space) = (try type.make(), try Self.space(shape))
    let create = try checked(H5Pcreate(chdf5_H5P_DATASET_CREATE()), "H5Pcreate")
    let links = try Self.intermediateGroups()
    defer {
      H5Tclose(typeID)
      H5Sclose(space)
      H5Pclose(create)
      H5Pclose(links)
    }
    try checked(H5Pset_virtual(create, space, file, object, space), "H5Pset_virtual")
    let dataset = try checked(H5Dcreate2(id, path, typeID, space, links, create, hid_t(H5P_DEFAULT)), "H5Dcreate2")
    H5Dclose(dataset)
  }

  /// Creates a group, and those on the way to it.
  public func group(_ path: String) throws {
    let links = try Self.intermediateGroups()
    defer { H5Pclose(links) }
    let none = hid_t(H5P_DEFAULT)
    let group = try checked(H5Gcreate2(id, path, links, none, none), "H5Gcreate2 \(path)")
    H5Gclose(group)
  }

  public func softLink(_ path: String, to target: String) throws {
    let links = try Self.intermediateGroups()
    defer { H5Pclose(links) }
    try checked(H5Lcreate_soft(target, id, path, links, hid_t(H5P_DEFAULT)), "H5Lcreate_soft \(path)")
  }

  public func hardLink(_ path: String, to target: String) throws {
    let links = try Self.intermediateGroups()
    defer { H5Pclose(links) }
    try checked(H5Lcreate_hard(id, target, id, path, links, hid_t(H5P_DEFAULT)), "H5Lcreate_hard \(path)")
  }

  public func externalLink(_ path: String, to object: String, in file: String) throws {
    let links = try Self.intermediateGroups()
    defer { H5Pclose(links) }
    try checked(H5Lcreate_external(file, object, id, path, links, hid_t(H5P_DEFAULT)), "H5Lcreate_external \(path)")
  }

  /// Creates an attribute of an object that is there.
  ///
  /// - Parameter shape: nil for a single value.
  public func attribute(
    _ name: String, of object: String, _ type: RawType, shape: [Int]? = nil, _ values: RawValues
  ) throws {
    let (typeID, space) = (try type.make(), try Self.space(shape))
    let none = hid_t(H5P_DEFAULT)
    let opened = try checked(H5Oopen(id, object, none), "H5Oopen \(object)")
    defer {
      H5Tclose(typeID)
      H5Sclose(space)
      H5Oclose(opened)
    }
    let attribute = try checked(H5Acreate2(opened, name, typeID, space, none, none), "H5Acreate2 \(name)")
    defer { H5Aclose(attribute) }
    try values.give { try checked(H5Awrite(attribute, typeID, $0), "H5Awrite \(name)") }
  }

  /// - Parameter canGrow: chunks may then be larger than the dataset.
  private static func space(_ shape: [Int]?, canGrow: Bool = false) throws -> hid_t {
    guard let shape else { return try checked(H5Screate(H5S_SCALAR), "H5Screate") }
    let most = canGrow ? shape.map { _ in chdf5_H5S_UNLIMITED() } : nil
    return try checked(H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, most), "H5Screate_simple")
  }

  private static func intermediateGroups() throws -> hid_t {
    let links = try checked(H5Pcreate(chdf5_H5P_LINK_CREATE()), "H5Pcreate")
    try checked(H5Pset_create_intermediate_group(links, 1), "H5Pset_create_intermediate_group")
    return links
  }
}

extension RawValues {
  /// Gives `write` the elements in memory; does nothing for ``none``.
  func give(_ write: (UnsafeRawPointer) throws -> Void) throws {
    switch self {
    case .none: return
    case .bytes(let bytes):
      try bytes.withUnsafeBytes { if let base = $0.baseAddress, $0.count > 0 { try write(base) } }
    case .strings(let strings):
      // As in C: an array of pointers to strings that end with NUL.
      let copies = strings.map { string -> UnsafeMutablePointer<CChar> in
        let characters = Array(string.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: characters.count)
        copy.initialize(from: characters, count: characters.count)
        return copy
      }
      defer { for copy in copies { copy.deallocate() } }
      if !copies.isEmpty { try copies.withUnsafeBytes { try write($0.baseAddress!) } }
    }
  }
}

/// Numbers that a file can hold as they are in memory.
public protocol RawNumber: BitwiseCopyable, Sendable {
  static var rawType: RawType { get }
}

extension Int8: RawNumber { public static var rawType: RawType { .int8 } }
extension Int16: RawNumber { public static var rawType: RawType { .int16 } }
extension Int32: RawNumber { public static var rawType: RawType { .int32 } }
extension Int64: RawNumber { public static var rawType: RawType { .int64 } }
extension UInt8: RawNumber { public static var rawType: RawType { .uint8 } }
extension UInt16: RawNumber { public static var rawType: RawType { .uint16 } }
extension UInt32: RawNumber { public static var rawType: RawType { .uint32 } }
extension UInt64: RawNumber { public static var rawType: RawType { .uint64 } }
extension Float: RawNumber { public static var rawType: RawType { .float32 } }
extension Double: RawNumber { public static var rawType: RawType { .float64 } }

extension Array where Element: BitwiseCopyable {
  /// Its elements as they lie in memory.
  public var rawBytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
