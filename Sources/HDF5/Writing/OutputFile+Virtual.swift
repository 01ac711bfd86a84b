internal import CHDF5

extension OutputFile {
  /// Makes a virtual dataset, with the groups it needs; virtual even where it has no mapping.
  borrowing func write(_ dataset: VirtualDataset) throws(OutputError) {
    try Self.attempt(name, dataset.path) { () throws(HDF5Refusal) in
      let type: OutputHandle
      if let datatype = dataset.datatype {
        type = try OutputDatatype.make(for: datatype)
      } else {
        type = try self.type(of: dataset.type)
      }
      let space = try Self.block(dataset.shape)
      let creation = try OutputHandle(H5Pcreate(chdf5_H5P_DATASET_CREATE()), closedBy: H5Pclose)
      try check(H5Pset_obj_track_times(creation.id, false))
      try check(H5Pset_layout(creation.id, H5D_VIRTUAL))
      if let fill = dataset.fill {
        guard fill.count == H5Tget_size(type.id) else {
          throw HDF5Refusal(reason: "the fill value is not as large as an element")
        }
        let (list, element) = (creation.id, type.id)
        try check(fill.withUnsafeBytes { H5Pset_fill_value(list, element, $0.baseAddress) })
      }
      for mapping in dataset.mappings { try Self.add(mapping, of: dataset, to: creation, space) }
      let made = try OutputHandle(
        H5Dcreate2(file.id, dataset.path, type.id, space.id, linkCreation.id, creation.id, hid_t(H5P_DEFAULT)),
        closedBy: H5Dclose)
      for attribute in dataset.attributes { try attribute.write(to: made) }
      try made.close()
    }
  }

  /// A link to another place in the file.
  borrowing func link(_ path: String, to target: String) throws(OutputError) {
    try Self.attempt(name, path) { () throws(HDF5Refusal) in
      try check(H5Lcreate_soft(target, file.id, path, linkCreation.id, hid_t(H5P_DEFAULT)))
    }
  }

  /// Copies an object and everything below it from another file.
  borrowing func copy(_ object: String, from path: String) throws(OutputError) {
    try Self.attempt(name, object) { () throws(HDF5Refusal) in
      let other = try sources.file(at: path)
      // What lies below another object that has been copied is there already.
      if exists(object) { return }
      try check(H5Ocopy(other, object, file.id, object, hid_t(H5P_DEFAULT), linkCreation.id))
    }
  }

  /// Whether there is something at a path.
  borrowing func exists(_ path: String) -> Bool {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard H5Lexists(file.id, made, hid_t(H5P_DEFAULT)) > 0 else { return false }
    }
    return true
  }

  private static func add(
    _ mapping: VirtualDataset.Mapping, of dataset: VirtualDataset, to list: borrowing OutputHandle,
    _ space: borrowing OutputHandle
  ) throws(HDF5Refusal) {
    guard dataset.sources.indices.contains(mapping.source) else {
      throw HDF5Refusal(reason: "a mapping has no source")
    }
    let source = dataset.sources[mapping.source]
    let from = try block(source.shape)
    try select(from, mapping.start, mapping.count)
    try select(space, mapping.targetStart, mapping.targetCount)
    try check(H5Pset_virtual(list.id, space.id, source.file, source.object, from.id))
    try check(H5Sselect_all(space.id))
  }

  private static func select(_ space: borrowing OutputHandle, _ start: [Int], _ count: [Int]) throws(HDF5Refusal) {
    try check(
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start.map { hsize_t($0) }, nil, count.map { hsize_t($0) }, nil))
  }

  private static func block(_ shape: [Int]) throws(HDF5Refusal) -> OutputHandle {
    try OutputHandle(H5Screate_simple(CInt(shape.count), shape.map { hsize_t($0) }, nil), closedBy: H5Sclose)
  }

  /// The datatype of a dataset, free of the file that it may be kept in.
  borrowing func type(of source: VirtualDataset.Source) throws(HDF5Refusal) -> OutputHandle {
    let file = try sources.file(at: source.file)
    let dataset = try OutputHandle(H5Dopen2(file, source.object, hid_t(H5P_DEFAULT)), closedBy: H5Dclose)
    let type = try OutputHandle(H5Dget_type(dataset.id), closedBy: H5Tclose)
    return try OutputHandle(H5Tcopy(type.id), closedBy: H5Tclose)
  }
}

/// The files that a file being made takes something from: opened through ``FileDriver``, and kept open until it is made.
final class OutputSources {
  private final class Opened {
    let file: Handle
    init(_ file: consuming Handle) { self.file = file }
  }
  private var files: [String: Opened] = [:]
  private var order: [String] = []
  /// Groups of the new file that have their attributes.
  var annotated: Set<String> = []

  /// Open files at a time: a few hundred kilobytes each.
  private static let most = 16

  func file(at path: String) throws(HDF5Refusal) -> hid_t {
    if let known = files[path] { return known.file.id }
    guard let file = FileDriver.openHeld(path) else { throw HDF5Refusal.latest() }
    if order.count >= Self.most { files[order.removeFirst()] = nil }
    let opened = Opened(file)
    files[path] = opened
    order.append(path)
    return opened.file.id
  }
}
