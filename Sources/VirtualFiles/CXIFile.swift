internal import ArrayIO
public import EXDF
internal import HDF5
internal import NPY
public import RunArrays

/// A CXI file of virtual datasets over the modules of a detector, as `write_virtual_cxi` of EXtra-data 1.25 makes it
/// (EXDF.md 4.6): frames, modules, pixels, for CrystFEL and its like.
///
/// Where EXtra-data refuses (numbers of frames or ids that differ between modules) the file says what the tree says.
public struct CXIFile {
  private let detector: Detector
  private let builder: VirtualFileBuilder
  private let fills: [String: FillValue]
  private let cells: Int
  private let frames: Int

  /// The bytes of the file: the same each time.
  ///
  /// - Parameter fills: values for missing data, by the name of the dataset: `data`, `gain`, `mask`.
  /// - Throws: ``VirtualFileError`` where ids cannot be read, the detector has no data, or a fill value does not fit.
  public static func bytes(
    of detector: Detector, fills: [String: FillValue] = [:]
  ) throws(VirtualFileError) -> [UInt8] {
    let file = CXIFile(
      detector: detector, builder: VirtualFileBuilder("\(detector.name).cxi", for: detector.run, version: .v110),
      fills: fills, cells: try reading { () throws(ReadError) in try detector.framesPerEntry },
      frames: try reading { () throws(ReadError) in try detector.frameIndex.entries })
    try file.write()
    return try file.builder.bytes()
  }

  private static let group = "entry_1/instrument_1/detector_1"
  /// One axis for frames, one for modules; those of the pixels follow.
  private static let axes = "experiment_identifier:module_identifier"

  private func write() throws(VirtualFileError) {
    guard let main = try key(detector.type.mainKey) else {
      throw VirtualFileError("\(detector.name) has no \(detector.type.mainKey)")
    }
    builder.write(Column(path: "cxi_version", values: Values([150 as Int64]), isFixed: true))
    builder.makeGroup(Self.group)
    builder.annotate("entry_1", try runAttributes())
    builder.annotate(Self.group, [Attribute(name: "name", value: .unicode(detector.detectorName))])
    try writeLabels()
    let pixels = try pixels(of: main)
    let hasGainAxis = pixels.count == 3
    let attribute = Attribute(
      name: "axes", value: .unicode(Self.axes + (hasGainAxis ? ":data_gain:y:x" : ":y:x")))
    if hasGainAxis { try writeGainAxis(pixels[0]) }
    try write(main, as: "data", pixels, standard: nil, attribute)
    // Raw data have neither, or have them with another shape.
    if !hasGainAxis {
      for (name, standard) in [
        ("gain", FillValue?.none), ("mask", .integer(magnitude: 0xFFFF_FFFF, isNegative: false)),
      ] {
        guard let key = try key("\(detector.type.group).\(name)") else { continue }
        try write(key, as: name, pixels, standard: standard, attribute)
      }
    }
    builder.link("\(Self.group)/experiment_identifier", to: "/entry_1/experiment_identifier")
    builder.link("entry_1/data_1", to: "/\(Self.group)")
    let numbers = (0..<detector.width).map { Int64($0 + detector.type.firstModule) }
    builder.write(Column(path: "module_identifier", values: Values(numbers), isFixed: true), below: Self.group)
  }

  private func key(_ name: String) throws(VirtualFileError) -> DetectorKey? {
    try reading { () throws(ReadError) in try detector.key(named: name) }
  }

  /// Proposal and run, where the format has them.
  private func runAttributes() throws(VirtualFileError) -> [Attribute] {
    var numbers: [String: Int64] = [:]
    let file = detector.modules[0].source.files[0]
    for value in try metadata(of: detector.run, file: file) {
      if case .number(let number) = value.contents { numbers[value.name] = number }
    }
    guard let proposal = numbers["proposalNumber"], let run = numbers["runNumber"] else { return [] }
    return [
      Attribute(name: "name", value: .unicode("EuXFEL proposal \(proposal) run \(run)")),
      Attribute(name: "euxfelProposalNumber", value: .unsigned(UInt32(clamping: proposal))),
      Attribute(name: "euxfelRunNumber", value: .unsigned(UInt32(clamping: run))),
    ]
  }

  /// Trains and pulses of the frames; the cells of all modules.
  private func writeLabels() throws(VirtualFileError) {
    let (labels, index) = try reading { () throws(ReadError) in
      (
        try detector.labels(detector.type.hasCells ? .cell : .pulse, trains: 0..<detector.run.trainIDs.count),
        try detector.frameIndex
      )
    }
    var pulses = labels.values.map { $0 ?? FrameLabelArray.unknown }
    // Without any key of ids.
    if pulses.isEmpty { pulses = [UInt64](repeating: FrameLabelArray.unknown, count: frames) }
    var trains: [UInt64] = []
    trains.reserveCapacity(frames)
    for segment in index.segments {
      for train in segment.firstTrain..<(segment.firstTrain + segment.trainCount) {
        for _ in 0..<segment.entriesPerTrain { trains.append(detector.run.trainIDs[train]) }
      }
    }
    let identifiers = zip(trains, pulses).map { "\($0):\($1)" }
    for column in [
      Column(path: "experiment_identifier", values: .unicode(identifiers), isFixed: true),
      Column(path: detector.type.hasCells ? "memoryCell" : "pulseId", values: Values(pulses), isFixed: true),
      Column(path: "trainId", values: Values(trains), isFixed: true),
    ] { builder.write(column, below: "entry_1") }
    if let key = try reading({ () throws(ReadError) in try detector.key(of: .cell) }) {
      try write(key, at: "entry_1/cellId", [], fill: nil, Attribute(name: "axes", value: .unicode(Self.axes)))
    }
  }

  /// The axis between modules and pixels that raw data have: data and gain for AGIPD, data alone for LPD and DSSC.
  private func writeGainAxis(_ extent: Int) throws(VirtualFileError) {
    let label = String(detector.type.mainKey.dropFirst(detector.type.group.count + 1))
    let names = extent == 2 ? [label, "gain"] : [String](repeating: label, count: extent)
    builder.write(Column(path: "data_gain", values: .unicode(names), isFixed: true), below: "entry_1")
    builder.link("\(Self.group)/data_gain", to: "/entry_1/data_gain")
  }

  /// Extents of one frame of one module: those of the file for raw data, else slow and fast scan. EXtra-data tells them apart
  /// by whether there is a gain dataset.
  private func pixels(of main: DetectorKey) throws(VirtualFileError) -> [Int] {
    let hasGain = try key("\(detector.type.group).gain") != nil
    let isCorrected = detector.type.hasCells || hasGain
    return isCorrected ? detector.type.moduleShape : main.entryShape
  }

  private func write(
    _ key: DetectorKey, as name: String, _ pixels: [Int], standard: FillValue?, _ attribute: Attribute
  ) throws(VirtualFileError) {
    guard case .element(let element, _) = Representation(key.datatype) else { return }
    guard fits(key, pixels) else { return }
    // All bits, as many as the type has: masks of 2018 have one byte.
    let isNarrow = standard != nil && standard?.bytes(as: element) == nil
    let usual =
      isNarrow
      ? [UInt8](repeating: 0xFF, count: element.size) : (standard ?? .standard(for: element)).bytes(as: element)
    guard let fill = fills[name].map({ $0.bytes(as: element) }) ?? usual else {
      throw VirtualFileError("the fill value for \(name) does not fit its type \(element.descriptor)")
    }
    try write(key, at: "\(Self.group)/\(name)", pixels, fill: fill, attribute)
  }

  /// Whether a key has the shape of the frames: what has another (the masks of 2018 have a third axis) cannot stand beside them.
  private func fits(_ key: DetectorKey, _ pixels: [Int]) -> Bool {
    key.entryShape.reduce(1, &*) == pixels.reduce(cells, &*)
  }

  /// One virtual dataset: (frames, modules, pixels).
  private func write(
    _ key: DetectorKey, at path: String, _ pixels: [Int], fill: [UInt8]?, _ attribute: Attribute
  ) throws(VirtualFileError) {
    guard fits(key, pixels) else { return }
    let table = try reading { () throws(ReadError) in try detector.frames }
    var sources: [VirtualDataset.Source] = []
    var mappings: [VirtualDataset.Mapping] = []
    for (number, module) in detector.modules.enumerated() {
      guard let own = key.numbers[number] else { continue }
      var known: [Int: Int] = [:]
      let index = try reading { () throws(ReadError) in try detector.index(of: key, module: number) }
      for placement in table.placements(module: number, index, trains: 0..<detector.run.trainIDs.count) {
        if known[placement.file] == nil {
          known[placement.file] = sources.count
          let form = try reading { () throws(ReadError) in
            try detector.run.form(ofKey: own, of: module.source, inFile: placement.file)
          }
          guard form.datatype.convertsExactly(to: key.datatype) else {
            throw VirtualFileError(
              "libhdf5 does not make \(key.datatype.name) of \(form.datatype.name), which \(module.source.name) has")
          }
          sources.append(try builder.source(file: placement.file, form.path))
        }
        mappings.append(
          VirtualDataset.Mapping(
            source: known[placement.file] ?? 0, start: [placement.row] + key.entryShape.map { _ in 0 },
            count: [placement.count] + key.entryShape,
            targetStart: [placement.entry * cells, module.slot] + pixels.map { _ in 0 },
            targetCount: [placement.count * cells, 1] + pixels))
      }
    }
    let reference = detector.modules[key.reference]
    let (describing, form) = try reading { () throws(ReadError) in
      let own = key.numbers[key.reference] ?? 0
      let file = try detector.run.describingFile(ofKey: own, of: reference.source)
      return (file, try detector.run.form(ofKey: own, of: reference.source, inFile: file))
    }
    builder.write(
      VirtualDataset(
        path: path, shape: [frames, detector.width] + pixels, type: try builder.source(file: describing, form.path),
        datatype: form.datatype.asNumPySeesIt == key.datatype.asNumPySeesIt ? nil : key.datatype, sources: sources,
        mappings: mappings, fill: fill, attributes: [attribute]))
  }
}
