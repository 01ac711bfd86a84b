import CHDF5
import Testing

/// Reads back what was written, through libhdf5 and none of the writer's code.
struct H5Reader: ~Copyable {
  private let file: hid_t

  init(_ path: String) throws {
    // The default flags: read-only is 0, which Swift cannot see as H5F_ACC_RDONLY.
    file = H5Fopen(path, 0, hid_t(H5P_DEFAULT))
    try #require(file >= 0, "cannot open \(path)")
  }

  deinit { _ = H5Fclose(file) }

  func shape(_ path: String) throws -> [Int] {
    try withDataset(path) { dataset in
      let space = H5Dget_space(dataset)
      defer { H5Sclose(space) }
      var lengths = [hsize_t](repeating: 0, count: Int(H5Sget_simple_extent_ndims(space)))
      H5Sget_simple_extent_dims(space, &lengths, nil)
      return lengths.map { Int($0) }
    }
  }

  func chunk(_ path: String) throws -> [Int] {
    try withDataset(path) { dataset in
      let list = H5Dget_create_plist(dataset)
      defer { H5Pclose(list) }
      var lengths = [hsize_t](repeating: 0, count: 8)
      let rank = H5Pget_chunk(list, 8, &lengths)
      return lengths.prefix(Int(rank)).map { Int($0) }
    }
  }

  /// The filters' numbers: 1 deflate, 2 shuffle.
  func filters(_ path: String) throws -> [H5Z_filter_t] {
    try withDataset(path) { dataset in
      let list = H5Dget_create_plist(dataset)
      defer { H5Pclose(list) }
      return (0..<UInt32(H5Pget_nfilters(list))).map { H5Pget_filter2(list, $0, nil, nil, nil, 0, nil, nil) }
    }
  }

  /// All elements, in the type they have in the file.
  func read<T: BitwiseCopyable>(_ path: String, as type: T.Type = T.self) throws -> [T] {
    let count = try shape(path).reduce(1, *)
    return try withDataset(path) { dataset in
      let type = H5Dget_type(dataset)
      defer { H5Tclose(type) }
      try #require(H5Tget_size(type) == MemoryLayout<T>.size)
      return [T](unsafeUninitializedCapacity: count) { buffer, filled in
        let status = H5Dread(dataset, type, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), buffer.baseAddress)
        filled = status < 0 ? 0 : count
      }
    }
  }

  func strings(_ path: String) throws -> [String] {
    try read(path, as: UnsafePointer<CChar>?.self).map { $0.map { String(cString: $0) } ?? "" }
  }

  func attribute(_ name: String, of path: String) throws -> String {
    let attribute = H5Aopen_by_name(file, path, name, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
    try #require(attribute >= 0)
    defer { H5Aclose(attribute) }
    let type = H5Aget_type(attribute)
    defer { H5Tclose(type) }
    var text: UnsafePointer<CChar>?
    try #require(H5Aread(attribute, type, &text) >= 0)
    return text.map { String(cString: $0) } ?? ""
  }

  private func withDataset<R>(_ path: String, _ body: (hid_t) throws -> R) throws -> R {
    let dataset = H5Dopen2(file, path, hid_t(H5P_DEFAULT))
    try #require(dataset >= 0, "no dataset \(path)")
    defer { H5Dclose(dataset) }
    return try body(dataset)
  }
}
