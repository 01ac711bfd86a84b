internal import CHDF5

/// An HDF5 file being made, in memory: libhdf5 survives no full disk (it crashes at the end of the process when a flush has
/// failed), so the disk is left to whoever asks for the bytes. What comes out depends on what is written only: nothing in it carries the
/// time of writing.
struct OutputFile: ~Copyable {
  private static let memoryStep = 1 << 20

  let file: OutputHandle
  let name: String
  let sources = OutputSources()
  /// Makes groups on the way to a dataset.
  let linkCreation: OutputHandle

  /// An empty file. Nothing touches `directory`, but the library tells files in memory apart by their paths.
  init(_ name: String, in directory: String, version: OutputPlan.Version = .earliest) throws(OutputError) {
    let path = directory + "/" + name
    let created = try Self.attempt(name, "the file") { () throws(HDF5Refusal) in try Self.create(path, version) }
    linkCreation = try Self.attempt(name, "the file") { () throws(HDF5Refusal) in
      let list = try OutputHandle(H5Pcreate(chdf5_H5P_LINK_CREATE()), closedBy: H5Pclose)
      try check(H5Pset_create_intermediate_group(list.id, 1))
      return list
    }
    file = created
    self.name = name
  }

  /// The file that the opener has for ``FileDriver/output``: for what does not fit into memory. It may only be made where the process
  /// ends without libhdf5's exit handlers, as a worker does.
  init(onDisk name: String) throws(OutputError) {
    let created = try Self.attempt(name, "the file") { () throws(HDF5Refusal) in try FileDriver.createHeld() }
    linkCreation = try Self.attempt(name, "the file") { () throws(HDF5Refusal) in
      let list = try OutputHandle(H5Pcreate(chdf5_H5P_LINK_CREATE()), closedBy: H5Pclose)
      try check(H5Pset_create_intermediate_group(list.id, 1))
      return list
    }
    file = created
    self.name = name
  }

  /// Writes what is still in the library's caches.
  borrowing func flush() throws(OutputError) {
    try Self.attempt(name, "the file") { () throws(HDF5Refusal) in try check(H5Fflush(file.id, H5F_SCOPE_LOCAL)) }
  }

  /// The file as it belongs on the disk.
  borrowing func bytes() throws(OutputError) -> [UInt8] {
    try Self.attempt(name, "the file") { () throws(HDF5Refusal) in
      try check(H5Fflush(file.id, H5F_SCOPE_LOCAL))
      let byteCount = H5Fget_file_image(file.id, nil, 0)
      guard byteCount >= 0 else { throw HDF5Refusal.latest() }
      var bytes = [UInt8](repeating: 0, count: byteCount)
      guard H5Fget_file_image(file.id, &bytes, byteCount) == byteCount else { throw HDF5Refusal.latest() }
      Superblock.repair(&bytes)
      return bytes
    }
  }

  /// Makes a group, with those above it that are missing: one by one, because those that the library makes on the way carry
  /// the time.
  borrowing func makeGroup(_ path: String) throws(OutputError) {
    try Self.attempt(name, path) { () throws(HDF5Refusal) in
      let defaults = hid_t(H5P_DEFAULT)
      let creation = try OutputHandle(H5Pcreate(chdf5_H5P_GROUP_CREATE()), closedBy: H5Pclose)
      try check(H5Pset_obj_track_times(creation.id, false))
      var made = ""
      for part in path.split(separator: "/") {
        made += "/\(part)"
        if H5Lexists(file.id, made, defaults) > 0 { continue }
        try OutputHandle(H5Gcreate2(file.id, made, defaults, creation.id, defaults), closedBy: H5Gclose).close()
      }
    }
  }

  /// Attaches attributes to a group that exists.
  borrowing func annotate(_ path: String, _ attributes: [Attribute]) throws(OutputError) {
    try Self.attempt(name, path) { () throws(HDF5Refusal) in
      let group = try OutputHandle(H5Gopen2(file.id, path, hid_t(H5P_DEFAULT)), closedBy: H5Gclose)
      for attribute in attributes { try attribute.write(to: group) }
      try group.close()
    }
  }

  /// Writes a dataset below `group`, with the groups it needs.
  borrowing func write(_ column: Column, below group: String) throws(OutputError) {
    let path = group + "/" + column.path
    try Self.attempt(name, path) { () throws(HDF5Refusal) in
      let type = try OutputDatatype.make(for: column.values)
      let space = try Self.space(column.length, column.entryShape, canGrow: !column.isFixed)
      let creation = try Self.creationList(for: column)
      let dataset = try OutputHandle(
        H5Dcreate2(file.id, path, type.id, space.id, linkCreation.id, creation.id, hid_t(H5P_DEFAULT)),
        closedBy: H5Dclose)
      if column.entryCount > 0 { try Self.fill(dataset, type, space, column) }
      for attribute in column.attributes { try attribute.write(to: dataset) }
      try dataset.close()
    }
  }

  private static func create(_ path: String, _ version: OutputPlan.Version) throws(HDF5Refusal) -> OutputHandle {
    let access = try OutputHandle(H5Pcreate(chdf5_H5P_FILE_ACCESS()), closedBy: H5Pclose)
    try check(H5Pset_fapl_core(access.id, memoryStep, false))
    if case .v110 = version { try check(H5Pset_libver_bounds(access.id, H5F_LIBVER_V110, H5F_LIBVER_V110)) }
    let creation = try OutputHandle(H5Pcreate(chdf5_H5P_FILE_CREATE()), closedBy: H5Pclose)
    try check(H5Pset_obj_track_times(creation.id, false))
    return try OutputHandle(H5Fcreate(path, chdf5_H5F_ACC_EXCL(), creation.id, access.id), closedBy: H5Fclose)
  }

  private static func fill(
    _ dataset: borrowing OutputHandle, _ type: borrowing OutputHandle, _ fileSpace: borrowing OutputHandle,
    _ column: Column
  ) throws(HDF5Refusal) {
    let memorySpace = try space(column.entryCount, column.entryShape, canGrow: false)
    let extent = ([column.entryCount] + column.entryShape).map { hsize_t($0) }
    let origin = extent.map { _ in hsize_t(0) }
    try check(H5Sselect_hyperslab(fileSpace.id, H5S_SELECT_SET, origin, nil, extent, nil))
    // Identifiers as plain numbers: the closure may not capture borrowed handles.
    let (to, of, from, into) = (dataset.id, type.id, memorySpace.id, fileSpace.id)
    try check(column.values.withPointer { H5Dwrite(to, of, from, into, hid_t(H5P_DEFAULT), $0) })
  }

  static func space(_ length: Int, _ entryShape: [Int], canGrow: Bool) throws(HDF5Refusal) -> OutputHandle {
    let shape = ([length] + entryShape).map { hsize_t($0) }
    let limit = [canGrow ? chdf5_H5S_UNLIMITED() : hsize_t(length)] + shape.dropFirst()
    return try OutputHandle(H5Screate_simple(CInt(shape.count), shape, limit), closedBy: H5Sclose)
  }

  private static func creationList(for column: Column) throws(HDF5Refusal) -> OutputHandle {
    let list = try OutputHandle(H5Pcreate(chdf5_H5P_DATASET_CREATE()), closedBy: H5Pclose)
    try check(H5Pset_obj_track_times(list.id, false))
    if column.isFixed { return list }
    let chunk = ([column.chunkLength] + column.entryShape).map { hsize_t($0) }
    try check(H5Pset_chunk(list.id, CInt(chunk.count), chunk))
    if column.isCompressed {
      try check(H5Pset_shuffle(list.id))
      try check(H5Pset_deflate(list.id, 4))
    }
    return list
  }

  static func attempt<R: ~Copyable>(
    _ file: String, _ object: String, _ body: () throws(HDF5Refusal) -> R
  ) throws(OutputError) -> R {
    do throws(HDF5Refusal) {
      return try body()
    } catch {
      throw OutputError(file: file, object: object, reason: error.reason)
    }
  }
}
