package import Wire

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
  /// The datatype, where no source has it: one that holds the values of all of them.
  package var datatype: Datatype?
  package var sources: [Source]
  package var mappings: [Mapping]
  /// One element, for what no mapping covers; nil for zeros.
  package var fill: [UInt8]?
  package var attributes: [Attribute]

  package init(
    path: String, shape: [Int], type: Source, datatype: Datatype? = nil, sources: [Source], mappings: [Mapping],
    fill: [UInt8]? = nil, attributes: [Attribute] = []
  ) {
    self.path = path
    self.shape = shape
    self.type = type
    self.datatype = datatype
    self.sources = sources
    self.mappings = mappings
    self.fill = fill
    self.attributes = attributes
  }
}

extension VirtualDataset: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(path)
    writer.put(shape)
    writer.put(type)
    writer.put(datatype != nil)
    if let datatype { writer.put(datatype) }
    writer.put(sources)
    writer.put(mappings)
    writer.put(fill != nil)
    writer.put(bytes: fill ?? [])
    writer.put(attributes)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    path = try reader.text()
    shape = try reader.integers()
    type = try Source(from: &reader)
    datatype = try reader.flag() ? try Datatype(from: &reader) : nil
    sources = try reader.values()
    mappings = try reader.values()
    let hasFill = try reader.flag()
    let bytes = try reader.blob()
    fill = hasFill ? bytes : nil
    attributes = try reader.values()
  }
}

extension VirtualDataset.Mapping: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(source)
    for numbers in [start, count, targetStart, targetCount] { writer.put(numbers) }
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    source = try reader.integer()
    start = try reader.integers()
    count = try reader.integers()
    targetStart = try reader.integers()
    targetCount = try reader.integers()
  }
}

extension VirtualDataset.Source: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(file)
    writer.put(object)
    writer.put(shape)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    file = try reader.text()
    object = try reader.text()
    shape = try reader.integers()
  }
}
