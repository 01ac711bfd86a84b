package import Wire

/// An HDF5 file that is to be made: what is in it, in the order in which it is written. A value, which can pass to the process that makes
/// the file.
package struct OutputPlan: Sendable {
  /// Which releases of libhdf5 the structures in the file are for.
  package enum Version: UInt8, Sendable {
    case earliest
    /// 1.10, no older and no newer: what EXtra-data asks for where there are virtual datasets.
    case v110
  }

  enum Step: Sendable {
    case group(String)
    case attributes(of: String, [Attribute])
    case column(Column, below: String)
    case virtual(VirtualDataset)
    /// A soft link to another place in the file.
    case link(String, target: String)
    /// An object of another file, and everything below it.
    case copy(String, from: String)
    /// Rows of datasets of other files.
    case rows(CopiedDataset)
  }

  /// For messages.
  package let name: String
  let version: Version
  private(set) var steps: [Step] = []

  package init(_ name: String, version: Version = .earliest) {
    self.name = name
    self.version = version
  }

  /// A group, with those above it that are missing.
  package mutating func makeGroup(_ path: String) { steps.append(.group(path)) }

  /// Attributes of a group that is made before.
  package mutating func annotate(_ path: String, _ attributes: [Attribute]) {
    steps.append(.attributes(of: path, attributes))
  }

  /// A dataset below `group`, with the groups it needs.
  package mutating func write(_ column: Column, below group: String = "") {
    steps.append(.column(column, below: group))
  }

  /// A virtual dataset, with the groups it needs; virtual even where it has no mapping.
  package mutating func write(_ dataset: VirtualDataset) { steps.append(.virtual(dataset)) }

  package mutating func link(_ path: String, to target: String) { steps.append(.link(path, target: target)) }

  package mutating func copy(_ object: String, from path: String) { steps.append(.copy(object, from: path)) }

  /// A dataset made of rows of others, with the groups it needs.
  package mutating func write(_ dataset: CopiedDataset) { steps.append(.rows(dataset)) }

  /// Makes the file in memory. The same plan, over the same files, makes the same bytes.
  package func bytes(_ library: borrowing HDF5Library) throws(OutputError) -> [UInt8] {
    let file = try OutputFile(name, in: "/xfelfs", version: version)
    try write(to: file)
    return try file.bytes()
  }

  /// Makes the file where the opener has it for ``FileDriver/output``. It has its end when this returns.
  func write(_ library: borrowing HDF5Library) throws(OutputError) {
    let file = try OutputFile(onDisk: name)
    try write(to: file)
    try file.flush()
  }

  private func write(to file: borrowing OutputFile) throws(OutputError) {
    for step in steps {
      switch step {
      case .group(let path): try file.makeGroup(path)
      case .attributes(let path, let attributes): try file.annotate(path, attributes)
      case .column(let column, let group): try file.write(column, below: group)
      case .virtual(let dataset): try file.write(dataset)
      case .link(let path, let target): try file.link(path, to: target)
      case .copy(let object, let path): try file.copy(object, from: path)
      case .rows(let dataset): try file.write(dataset)
      }
    }
  }
}

extension OutputPlan: WireValue {
  package func write(to writer: inout WireWriter) {
    writer.put(name)
    writer.put(byte: version.rawValue)
    writer.put(steps)
  }

  package init(from reader: inout WireReader) throws(WireReader.Garbled) {
    name = try reader.text()
    guard let version = Version(rawValue: try reader.byte()) else { throw WireReader.Garbled() }
    self.version = version
    steps = try reader.values()
  }
}

extension OutputPlan.Step: WireValue {
  func write(to writer: inout WireWriter) {
    switch self {
    case .group(let path):
      writer.put(byte: 0)
      writer.put(path)
    case .attributes(let path, let attributes):
      writer.put(byte: 1)
      writer.put(path)
      writer.put(attributes)
    case .column(let column, let group):
      writer.put(byte: 2)
      writer.put(column)
      writer.put(group)
    case .virtual(let dataset):
      writer.put(byte: 3)
      writer.put(dataset)
    case .link(let path, let target):
      writer.put(byte: 4)
      writer.put(path)
      writer.put(target)
    case .copy(let object, let path):
      writer.put(byte: 5)
      writer.put(object)
      writer.put(path)
    case .rows(let dataset):
      writer.put(byte: 6)
      writer.put(dataset)
    }
  }

  init(from reader: inout WireReader) throws(WireReader.Garbled) {
    switch try reader.byte() {
    case 0: self = .group(try reader.text())
    case 1:
      let path = try reader.text()
      self = .attributes(of: path, try reader.values())
    case 2:
      let column = try Column(from: &reader)
      self = .column(column, below: try reader.text())
    case 3: self = .virtual(try VirtualDataset(from: &reader))
    case 4:
      let path = try reader.text()
      self = .link(path, target: try reader.text())
    case 5:
      let object = try reader.text()
      self = .copy(object, from: try reader.text())
    case 6: self = .rows(try CopiedDataset(from: &reader))
    default: throw WireReader.Garbled()
    }
  }
}
