public import ArrayIO
public import EXDF
public import HDF5
internal import NPY

extension RunArrays {
  /// Why a detector's key is not offered as an array; nil where it is.
  public func obstacle(to key: DetectorKey) -> String? {
    switch Representation(key.datatype) {
    case .element: nil
    case .variableStrings: "strings of variable length have no common length over the modules"
    case .none(let reason): reason
    }
  }

  private func entry(of key: DetectorKey, of detector: Detector) throws(ReadError) -> Entry {
    if let reason = obstacle(to: key) { throw refusal(reason, key, detector) }
    guard case .element(let element, let inner) = Representation(key.datatype) else {
      throw refusal("it has no array", key, detector)
    }
    return Entry(element: element, shape: key.entryShape + inner, datatype: key.datatype)
  }

  /// How one entry of a key is stacked; nothing of the data is read.
  public func layout(of key: DetectorKey, of detector: Detector) throws(ReadError) -> StackLayout {
    let entry = try entry(of: key, of: detector)
    guard
      let layout = StackLayout(
        entry, dropsFirstExtent: key.dropsFirstExtent, width: detector.width, pixels: detector.type.moduleShape)
    else {
      throw refusal("an entry of it would be larger than a file can be", key, detector)
    }
    return layout
  }

  /// What the whole of a key is as an array; nothing of its data is read.
  public func description(of key: DetectorKey, of detector: Detector) throws(ReadError) -> ArrayDescription {
    try describe(try layout(of: key, of: detector), entries: try detector.frames.entries.entries, key, detector)
  }

  /// The same for one train; nil where it has no data. A train of cells has no axis of its own (TREE.md, "A detector").
  public func description(
    of key: DetectorKey, of detector: Detector, train: Int
  ) throws(ReadError) -> ArrayDescription? {
    guard let location = try detector.frames.entries.location(ofTrain: train) else { return nil }
    let layout = try layout(of: key, of: detector)
    let isDropped = detector.type.hasCells && location.rows == 1
    return try describe(layout, entries: isDropped ? nil : location.rows, key, detector)
  }

  private func describe(
    _ layout: StackLayout, entries: Int?, _ key: DetectorKey, _ detector: Detector
  ) throws(ReadError) -> ArrayDescription {
    let shape = (entries.map { [$0] } ?? []) + layout.shape
    guard let description = ArrayDescription(element: layout.element, shape: shape) else {
      throw refusal("it would be larger than a file can be", key, detector)
    }
    return description
  }

  /// The stack of a key over the trains at these positions.
  ///
  /// - Parameter fill: for what is missing; nil for the standard value.
  public func stackedArray(
    of key: DetectorKey, of detector: Detector, trains: Range<Int>, fill: FillValue?
  ) throws(ReadError) -> StackedArray {
    let frames = try detector.frames
    let first = firstEntry(from: trains.lowerBound, frames.entries)
    let entries = firstEntry(from: trains.upperBound, frames.entries) - first
    let layout = try layout(of: key, of: detector)
    return try stack(key, detector, trains, fill, try describe(layout, entries: entries, key, detector), layout, first)
  }

  /// The stack of a key for one train; nil where it has no data.
  public func stackedArray(
    of key: DetectorKey, of detector: Detector, train: Int, fill: FillValue?
  ) throws(ReadError) -> StackedArray? {
    guard let description = try description(of: key, of: detector, train: train) else { return nil }
    let layout = try layout(of: key, of: detector)
    let first = firstEntry(from: train, try detector.frames.entries)
    return try stack(key, detector, train..<(train + 1), fill, description, layout, first)
  }

  private func stack(
    _ key: DetectorKey, _ detector: Detector, _ trains: Range<Int>, _ fill: FillValue?,
    _ description: ArrayDescription, _ layout: StackLayout, _ firstEntry: Int
  ) throws(ReadError) -> StackedArray {
    let entry = try entry(of: key, of: detector)
    var modules: [StackedArray.Module] = []
    for (number, module) in detector.modules.enumerated() {
      guard let keyNumber = key.numbers[number] else { continue }
      let index = try detector.index(of: key, module: number)
      var array = try array(ofKey: keyNumber, of: module.source, trains: trains, as: entry)
      array.isOneOfMany = true
      modules.append(
        StackedArray.Module(
          slot: module.slot, number: number, array: array, index: index,
          firstEntry: self.firstEntry(from: trains.lowerBound, index)))
    }
    guard let bytes = (fill ?? .standard(for: layout.element)).bytes(as: layout.element) else {
      throw refusal("its fill value does not fit its type \(layout.element.descriptor)", key, detector)
    }
    return StackedArray(
      description, layout, try detector.frames, firstEntry: firstEntry, modules, FillPattern(bytes))
  }

  /// Entries in all trains before a position.
  private func firstEntry(from train: Int, _ index: TrainIndex) -> Int {
    index.nextTrain(from: train).flatMap { index.location(ofTrain: $0)?.firstEntry } ?? index.entries
  }

  private func refusal(_ reason: String, _ key: DetectorKey, _ detector: Detector) -> ReadError {
    .damaged(file: detector.run.path, object: "detector \(detector.name), \(key.name)", reason: reason)
  }
}
