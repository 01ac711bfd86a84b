public import ArrayIO
public import EXDF
public import HDF5
internal import NPY

/// Pulse or cell ids of a detector's frames, read as they are asked for.
public struct FrameLabelArray: ArraySource {
  public let description: ArrayDescription
  private let detector: Detector
  private let label: Detector.Label

  /// What stands for an id that no module has: EXtra-data's NO_PULSE_ID.
  public static let unknown: UInt64 = 9999

  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public init?(_ label: Detector.Label, of detector: Detector) throws(ReadError) {
    guard try detector.key(of: label) != nil,
      let description = ArrayDescription(element: TrainIDArray.element, shape: [try detector.frameIndex.entries])
    else { return nil }
    self.description = description
    self.detector = detector
    self.label = label
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    guard !output.isEmpty else { return }
    let index = try detector.frameIndex
    var done = 0
    // Train after train: each has at most a few thousand frames, and the next ones may never be asked for.
    while done < output.count {
      let (frame, skip) = (offset + done).quotientAndRemainder(dividingBy: 8)
      let last = (offset + output.count - 1) / 8
      guard let first = index.train(ofEntry: frame), let end = index.train(ofEntry: last) else { return }
      let labels = try detector.labels(label, trains: first.train..<(end.train + 1))
      let bytes = labels.values[first.entry...].map { ($0 ?? Self.unknown).littleEndian }
      let count = bytes.withUnsafeBytes { bytes in
        let count = min(bytes.count - skip, output.count - done)
        UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[skip..<(skip + count)]))
        return count
      }
      guard count > 0 else { return }
      done += count
    }
  }
}

/// Whether each module recorded each frame: bool (modules, frames), as `data_availability(module_gaps=True)`.
public struct AvailabilityArray: ArraySource {
  public let description: ArrayDescription
  private let detector: Detector
  private let frames: Int

  /// - Returns: nil where it would be larger than a file can be.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public init?(of detector: Detector) throws(ReadError) {
    frames = try detector.frameIndex.entries
    guard let description = ArrayDescription(element: .boolean, shape: [detector.width, frames]) else { return nil }
    self.description = description
    self.detector = detector
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    output.initializeMemory(as: UInt8.self, repeating: 0)
    guard frames > 0, let main = try detector.key(named: detector.type.mainKey) else { return }
    for (number, module) in detector.modules.enumerated() {
      let first = max(offset, module.slot * frames)
      let end = min(offset + output.count, (module.slot + 1) * frames)
      guard first < end else { continue }
      let wanted = (first - module.slot * frames)..<(end - module.slot * frames)
      try mark(wanted, module: number, main, output, at: first - offset)
    }
  }

  /// Sets the bytes of one module's frames, train by train.
  private func mark(
    _ wanted: Range<Int>, module: Int, _ main: DetectorKey, _ output: UnsafeMutableRawBufferPointer, at start: Int
  ) throws(ReadError) {
    let index = try detector.index(of: main, module: module)
    let table = try detector.frames
    let frameIndex = try detector.frameIndex
    let perEntry = try detector.framesPerEntry
    var frame = wanted.lowerBound
    while frame < wanted.upperBound {
      guard let (train, offset) = frameIndex.train(ofEntry: frame), let location = frameIndex.location(ofTrain: train)
      else { return }
      let end = min(wanted.upperBound, frame + location.rows - offset)
      for position in frame..<end {
        let entry = (position - location.firstEntry) / perEntry
        let isThere = table.source(of: entry, train: train, module: module, index) != nil
        output[start + position - wanted.lowerBound] = isThere ? 1 : 0
      }
      frame = end
    }
  }
}
