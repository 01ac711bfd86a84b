internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
public import RunArrays

/// What METADATA says; nothing where it is damaged.
func metadata(of run: Run, file: Int = 0) throws(VirtualFileError) -> [MetadataValue] {
  try reading { () throws(ReadError) in
    try ReadError.unlessDamaged { () throws(ReadError) in try run.metadata(ofFile: file) } ?? []
  }
}

/// The whole run in one EXDF file of virtual datasets, as `run.write_virtual` of EXtra-data 1.25 makes it.
///
/// The data stay where they are, but for the pulse and cell ids of detectors, which everybody reads first.
public struct VirtualRunFile {
  private let arrays: RunArrays
  private let builder: VirtualFileBuilder
  private var run: Run { arrays.run }

  /// The bytes of the file: the same each time.
  /// - Throws: ``VirtualFileError``.
  public static func bytes(of arrays: RunArrays) throws(VirtualFileError) -> [UInt8] {
    let file = VirtualRunFile(
      arrays: arrays, builder: VirtualFileBuilder("virtual.h5", for: arrays.run, version: .earliest))
    try file.write()
    return try file.builder.bytes()
  }

  private func write() throws(VirtualFileError) {
    builder.annotate("/", [Attribute(name: "writer", value: .unicode("xfelfs"))])
    var identifiers: [String] = []
    for source in run.sources { identifiers += try write(source) }
    try writeTrains()
    try writeMetadata(identifiers.sorted { $0.precedes($1) })
  }

  private func writeTrains() throws(VirtualFileError) {
    let times = try reading { () throws(ReadError) in try run.trainTimes() }
    builder.write(Column(path: "trainId", values: Values(run.trainIDs), isFixed: true), below: "INDEX")
    if times.timestamps.contains(where: { $0 != 0 }) {
      // numpy's "not a time", as EXtra-data writes it.
      let stamps = times.timestamps.map { $0 == 0 ? UInt64(1) << 63 : $0 }
      builder.write(Column(path: "timestamp", values: Values(stamps), isFixed: true), below: "INDEX")
    }
    guard try isNested() else { return }
    let flags = times.isSuspect.map { Int32($0 ? 0 : 1) }
    builder.write(Column(path: "flag", values: Values(flags), isFixed: true), below: "INDEX")
  }

  /// Whether the run's format lists sources below METADATA/dataSources (1.0 and later).
  private func isNested() throws(VirtualFileError) -> Bool {
    try metadata(of: run).contains { $0.name == "dataFormatVersion" && $0.contents != .text("0.5") }
  }

  private func writeMetadata(_ identifiers: [String]) throws(VirtualFileError) {
    let isNested = try isNested()
    let parts = identifiers.map { $0.split(separator: "/", maxSplits: 1).map(String.init) }
    for (name, texts) in [
      ("dataSourceId", identifiers), ("root", parts.map { $0[0] }), ("deviceId", parts.map { $0[1] }),
    ] {
      builder.write(
        Column(path: name, values: .strings(texts), isPadded: false),
        below: isNested ? "METADATA/dataSources" : "METADATA")
    }
    guard isNested else { return }
    for value in try metadata(of: run) {
      let values: Values =
        switch value.contents {
        // What is written is format 1.0, whatever was read.
        case .text where value.name == "dataFormatVersion": .unicode(["1.0"])
        case .text(let text): .unicode([text])
        case .number(let number): UInt32(exactly: number).map { Values([$0]) } ?? Values([number])
        }
      builder.write(Column(path: value.name, values: values, isFixed: true), below: "METADATA")
    }
  }

  /// In big detectors these are like indexes: copied, not virtual.
  private static let copied: Set<String> = ["image.pulseId", "image.cellId"]

  /// In bytes. 10,000 trains of 352 pulses have 28 MB; a file may claim terabytes that nobody has written.
  private static let mostCopied = 128 << 20

  /// - Returns: how METADATA names the source.
  private func write(_ source: Source) throws(VirtualFileError) -> [String] {
    let files = source.files.map { run.files[$0].reference.path }.sorted { $0.precedes($1) }
    builder.makeGroup(source.path, [Attribute(name: "source_files", value: .unicodeList(files))])
    var groups: Set<String> = []
    let keys = try reading { () throws(ReadError) in try run.keys(of: source) }
    for (number, key) in keys.enumerated() where key.problem == nil {
      // What is odd about one key costs that key alone.
      do throws(VirtualFileError) {
        if let reason = try obstacle(to: number, of: source) { throw VirtualFileError(reason) }
        let isCopied = Self.copied.contains(key.name) ? try copy(number, of: source) : false
        if !isCopied { try write(number, of: source) }
      } catch {
        if error.passing != nil { throw error }
        run.report("the virtual file leaves out \(key.name) of \(source.name): \(error)")
      }
      if groups.insert(key.group).inserted { try writeIndex(key.group, of: source) }
    }
    if source.kind == .control {
      let path = "RUN/\(source.name)"
      if let file = try firstFile(having: path, of: source) { builder.copy(path, from: run.files[file].reference.path) }
      return groups.isEmpty ? [] : ["CONTROL/\(source.name)"]
    }
    return groups.map { "INSTRUMENT/\(source.name)/\($0)" }
  }

  /// Why a dataset of a key would not say what the files say; nil where it does.
  private func obstacle(to number: Int, of source: Source) throws(VirtualFileError) -> String? {
    let (key, index) = try indexed(number, of: source)
    let (group, forms) = try reading { () throws(ReadError) in
      (try run.index(ofGroup: key.group, of: source), try run.forms(ofKey: number, of: source))
    }
    guard index.isBeginning(of: group) else {
      return "it has \(index.trainsWithData) of the \(group.trainsWithData) trains of its index group"
    }
    for form in forms where form.isCommon && !form.datatype.convertsExactly(to: key.datatype) {
      return "libhdf5 does not make \(key.datatype.name) of \(form.datatype.name)"
    }
    return nil
  }

  private func indexed(_ number: Int, of source: Source) throws(VirtualFileError) -> (Key, TrainIndex) {
    try reading { () throws(ReadError) in
      (try run.keys(of: source)[number], try run.index(ofKey: number, of: source))
    }
  }

  /// The first file of a source that has a group; nil where none has.
  private func firstFile(having group: String, of source: Source) throws(VirtualFileError) -> Int? {
    for file in source.files {
      let links = try reading { () throws(ReadError) in
        try ReadError.unlessDamaged { () throws(ReadError) in
          try run.hdf5.answer(run.files[file].reference, LinksQuestion(in: group))
        }
      }
      if let links, links != nil { return file }
    }
    return nil
  }

  private func writeIndex(_ group: String, of source: Source) throws(VirtualFileError) {
    let index = try reading { () throws(ReadError) in try run.index(ofGroup: group, of: source) }
    var next: UInt64 = 0
    var firsts: [UInt64] = []
    let counts = index.counts(trains: run.trainIDs.count).map { UInt64($0) }
    for count in counts {
      firsts.append(next)
      next += count
    }
    let path = group.isEmpty ? "INDEX/\(source.name)" : "INDEX/\(source.name)/\(group)"
    builder.write(Column(path: "first", values: Values(firsts), isFixed: true), below: path)
    builder.write(Column(path: "count", values: Values(counts), isFixed: true), below: path)
  }

  private func write(_ number: Int, of source: Source) throws(VirtualFileError) {
    let (key, index) = try indexed(number, of: source)
    var sources: [VirtualDataset.Source] = []
    var known: [Int: Int] = [:]
    var mappings: [VirtualDataset.Mapping] = []
    for segment in index.segments {
      if known[segment.file] == nil {
        known[segment.file] = sources.count
        let form = try reading { () throws(ReadError) in
          try run.form(ofKey: number, of: source, inFile: segment.file)
        }
        sources.append(try builder.source(file: segment.file, form.path))
      }
      let place = known[segment.file] ?? 0
      // Segments differ where the number of entries does, not where the rows have gaps.
      if let last = mappings.last, last.source == place, last.start[0] + last.count[0] == segment.firstRow {
        mappings[mappings.count - 1].count[0] += segment.entries
        mappings[mappings.count - 1].targetCount[0] += segment.entries
        continue
      }
      let rest = key.entryShape.map { _ in 0 }
      mappings.append(
        VirtualDataset.Mapping(
          source: place, start: [segment.firstRow] + rest, count: [segment.entries] + key.entryShape,
          targetStart: [segment.firstEntry] + rest, targetCount: [segment.entries] + key.entryShape))
    }
    // A mapping of nothing is none: keys whose entries are empty.
    if key.entryShape.contains(0) { mappings = [] }
    let (describing, form) = try reading { () throws(ReadError) in
      let file = try run.describingFile(ofKey: number, of: source)
      return (file, try run.form(ofKey: number, of: source, inFile: file))
    }
    builder.write(
      VirtualDataset(
        path: key.path, shape: [index.entries] + key.entryShape, type: try builder.source(file: describing, form.path),
        datatype: form.datatype.asNumPySeesIt == key.datatype.asNumPySeesIt ? nil : key.datatype, sources: sources,
        mappings: mappings))
  }

  /// - Returns: false where the key is no plain integers, or too many, and is better left where it is.
  private func copy(_ number: Int, of source: Source) throws(VirtualFileError) -> Bool {
    let key = try reading { () throws(ReadError) in try run.keys(of: source)[number] }
    // A chunk of no bytes is none.
    guard !key.entryShape.contains(0) else { return false }
    guard case .integer(let size, signed: false, order: .little, isWhole: true) = key.datatype,
      let type: NumberType = [1: .uint8, 2: .uint16, 4: .uint32, 8: .uint64][size]
    else { return false }
    let array = try reading { () throws(ReadError) in try arrays.array(ofKey: number, of: source) }
    guard array.description.dataSize <= Self.mostCopied else { return false }
    let bytes = try reading { () throws(ReadError) in try Self.allBytes(of: array) }
    let column = Column(
      path: key.path, values: .numbers(type, bytes), entryShape: key.entryShape, chunkLength: 1 << 16, isPadded: false,
      isCompressed: true)
    builder.write(column)
    return true
  }

  private static func allBytes(of array: StoredArray) throws(ReadError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: array.description.dataSize)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
      do throws(ReadError) {
        return .success(try array.read(dataAt: 0, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    return bytes
  }
}
