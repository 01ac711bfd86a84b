import CHDF5

/// A dataset whose data are in other files.
package struct VirtualDataset: Sendable {
  /// A block of one dataset, and where it lies in this one; as many elements in both.
  package struct Mapping: Sendable {
    package var source: Int
    /// In the source: the first index and the extents.
    package var start: [Int]
    package var count: [Int]
    /// In this dataset.
    package var targetStart: [Int]
    package var targetCount: [Int]

    package init(source: Int, start: [Int], count: [Int], targetStart: [Int], targetCount: [Int]) {
      self.source = source
      self.start = start
      self.count = count
      self.targetStart = targetStart
      self.targetCount = targetCount
    }
  }

  /// A dataset in another file.
  package struct Source: Hashable, Sendable {
    /// An absolute path.
    package var file: String
    package var object: String
    package var shape: [Int]

    package init(file: String, object: String, shape: [Int]) {
      self.file = file
      self.object = object
      self.shape = shape
    }
  }

  package var path: String
  package var shape: [Int]
  /// The source whose datatype this one has.
  package var type: Source
  package var sources: [Source]
  package var mappings: [Mapping]
  /// One element, for what no mapping covers; nil for zeros.
  package var fill: [UInt8]?
  package var attributes: [Attribute]

  package init(
    path: String, shape: [Int], type: Source, sources: [Source], mappings: [Mapping], fill: [UInt8]? = nil,
    attributes: [Attribute] = []
  ) {
    self.path = path
    self.shape = shape
    self.type = type
    self.sources = sources
    self.mappings = mappings
    self.fill = fill
    self.attributes = attributes
  }
}

extension OutputFile {
  /// Makes a virtual dataset, with the groups it needs; virtual even where it has no mapping.
  package borrowing func write(_ dataset: VirtualDataset) throws(HDF5WritingError) {
    try Self.attempt(name, dataset.path) { () throws(HDF5Refusal) in
      let type = try Self.type(of: dataset.type)
      let space = try Self.block(dataset.shape)
      let creation = try Handle(H5Pcreate(chdf5_H5P_DATASET_CREATE()), closedBy: H5Pclose)
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
      let made = try Handle(
        H5Dcreate2(file.id, dataset.path, type.id, space.id, linkCreation.id, creation.id, hid_t(H5P_DEFAULT)),
        closedBy: H5Dclose)
      for attribute in dataset.attributes { try attribute.write(to: made) }
      try made.close()
    }
  }

  /// A link to another place in the file.
  package borrowing func link(_ path: String, to target: String) throws(HDF5WritingError) {
    try Self.attempt(name, path) { () throws(HDF5Refusal) in
      try check(H5Lcreate_soft(target, file.id, path, linkCreation.id, hid_t(H5P_DEFAULT)))
    }
  }

  /// Copies an object and everything below it from another file.
  package borrowing func copy(_ object: String, from path: String) throws(HDF5WritingError) {
    try Self.attempt(name, object) { () throws(HDF5Refusal) in
      let other = try Self.open(path)
      try check(H5Ocopy(other.id, object, file.id, object, hid_t(H5P_DEFAULT), linkCreation.id))
    }
  }

  private static func add(
    _ mapping: VirtualDataset.Mapping, of dataset: VirtualDataset, to list: borrowing Handle, _ space: borrowing Handle
  ) throws(HDF5Refusal) {
    let source = dataset.sources[mapping.source]
    let from = try block(source.shape)
    try select(from, mapping.start, mapping.count)
    try select(space, mapping.targetStart, mapping.targetCount)
    try check(H5Pset_virtual(list.id, space.id, source.file, source.object, from.id))
    try check(H5Sselect_all(space.id))
  }

  private static func select(_ space: borrowing Handle, _ start: [Int], _ count: [Int]) throws(HDF5Refusal) {
    try check(
      H5Sselect_hyperslab(space.id, H5S_SELECT_SET, start.map { hsize_t($0) }, nil, count.map { hsize_t($0) }, nil))
  }

  private static func block(_ shape: [Int]) throws(HDF5Refusal) -> Handle {
    try Handle(H5Screate_simple(CInt(shape.count), shape.map { hsize_t($0) }, nil), closedBy: H5Sclose)
  }

  /// The datatype of a dataset, free of the file that it may be kept in.
  private static func type(of source: VirtualDataset.Source) throws(HDF5Refusal) -> Handle {
    let file = try open(source.file)
    let dataset = try Handle(H5Dopen2(file.id, source.object, hid_t(H5P_DEFAULT)), closedBy: H5Dclose)
    let type = try Handle(H5Dget_type(dataset.id), closedBy: H5Tclose)
    return try Handle(H5Tcopy(type.id), closedBy: H5Tclose)
  }

  private static func open(_ path: String) throws(HDF5Refusal) -> Handle {
    try Handle(H5Fopen(path, chdf5_H5F_ACC_RDONLY(), hid_t(H5P_DEFAULT)), closedBy: H5Fclose)
  }
}
