internal import CHDF5
internal import Glibc

/// What a link inside a file leads to.
public enum LinkKind: Equatable, Sendable {
  case hard
  case soft(target: String)
  case external(file: String, object: String)
}

/// What an object inside a file is.
public enum ObjectKind: Equatable, Sendable { case group, dataset, namedDatatype, other }

/// An HDF5 file, open for reading.
package struct File: ~Copyable, Sendable {
  let handle: Handle
  /// The path it was opened by.
  package let path: String

  /// Opens the file read-only, through ``FileDriver``.
  /// - Throws: ``HDF5Error`` when it cannot be opened, or is not HDF5.
  package init(path: String, _ library: borrowing HDF5Library) throws(HDF5Error) {
    guard let handle = FileDriver.open(path, library) else {
      let error = HDF5Error("open", file: path, object: "", library)
      let foreign = error.stack.contains { $0.contains("file signature not found") }
      throw foreign ? HDF5Error("open", file: path, reason: "it is not an HDF5 file") : error
    }
    if FileDriver.isBeingWritten(handle.id, library) {
      throw HDF5Error("open", file: path, reason: "its writer has not closed it")
    }
    self.handle = handle
    self.path = path
  }

  /// Whether every component of `object` exists and the last one can be opened.
  package borrowing func exists(_ object: String, _ library: borrowing HDF5Library) -> Bool {
    kind(of: object, library) != nil
  }

  /// What is at `object`, following links; nil where there is nothing, or a link that leads nowhere.
  package borrowing func kind(of object: String, _ library: borrowing HDF5Library) -> ObjectKind? {
    var info = H5O_info_t()
    guard H5Oget_info_by_name2(handle.id, object, &info, UInt32(H5O_INFO_BASIC), defaultProperties) >= 0 else {
      H5Eclear2(hid_t(H5E_DEFAULT))
      return nil
    }
    return Self.kind(info.type)
  }

  /// What the link at `object` is, without following it; nil where there is none.
  package borrowing func link(at object: String, _ library: borrowing HDF5Library) -> LinkKind? {
    var info = H5L_info_t()
    guard H5Lget_info(handle.id, object, &info, defaultProperties) >= 0 else {
      H5Eclear2(hid_t(H5E_DEFAULT))
      return nil
    }
    switch info.type {
    case H5L_TYPE_HARD: return .hard
    case H5L_TYPE_SOFT, H5L_TYPE_EXTERNAL: break
    default: return nil
    }
    // The size comes from the file: a link longer than a path can be is nobody's.
    let size = info.u.val_size
    guard size > 0, size <= 1 << 16 else { return nil }
    var value = [CChar](repeating: 0, count: size + 1)
    guard H5Lget_val(handle.id, object, &value, size, defaultProperties) >= 0 else { return nil }
    if info.type == H5L_TYPE_SOFT { return .soft(target: Self.text(value)) }
    return value.withUnsafeBufferPointer { buffer -> LinkKind? in
      var flags: UInt32 = 0
      var file: UnsafePointer<CChar>?
      var target: UnsafePointer<CChar>?
      guard H5Lunpack_elink_val(buffer.baseAddress, size, &flags, &file, &target) >= 0, let file, let target else {
        return nil
      }
      return .external(file: String(cString: file), object: String(cString: target))
    }
  }

  /// The names of the links in a group, sorted.
  package borrowing func links(in group: String, _ library: borrowing HDF5Library) throws(HDF5Error) -> [String] {
    guard let opened = Handle(H5Gopen2(handle.id, group, defaultProperties), H5Gclose) else {
      throw HDF5Error("list", file: path, object: group, library)
    }
    var names: [String] = []
    let status = withUnsafeMutablePointer(to: &names) { pointer in
      H5Literate(
        opened.id, H5_INDEX_NAME, H5_ITER_INC, nil,
        { _, name, _, context in
          guard let name, let context else { return -1 }
          context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
          return 0
        }, pointer)
    }
    guard status >= 0 else { throw HDF5Error("list", file: path, object: group, library) }
    return names
  }

  /// The datasets below a group, as paths relative to it, sorted by name at each level.
  ///
  /// Like h5py's `visititems`, which EXtra-data finds keys with: soft and external links are not followed, and an object
  /// that is linked twice is met once (EXDF.md 2.5).
  package borrowing func datasets(below group: String, _ library: borrowing HDF5Library) throws(HDF5Error) -> [String] {
    try visitedDatasets(below: group, library).map(\.name)
  }

  /// The size in bytes of the user block before the HDF5 data; addresses inside the file are relative to its end.
  package borrowing func userBlock(_ library: borrowing HDF5Library) -> UInt64 {
    guard let creation = Handle(H5Fget_create_plist(handle.id), H5Pclose) else { return 0 }
    var size: hsize_t = 0
    return H5Pget_userblock(creation.id, &size) >= 0 ? size : 0
  }

  static func kind(_ type: H5O_type_t) -> ObjectKind {
    switch type {
    case H5O_TYPE_GROUP: .group
    case H5O_TYPE_DATASET: .dataset
    case H5O_TYPE_NAMED_DATATYPE: .namedDatatype
    default: .other
    }
  }

  static func text(_ characters: [CChar]) -> String {
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
