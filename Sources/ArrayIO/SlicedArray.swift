public import HDF5
public import NPY

/// What a NumPy basic slice leaves of an array; only what is selected is read.
public struct SlicedArray: ArraySource {
  public let description: ArrayDescription
  private let base: any ArraySource
  private let selections: [Slice.Selection]
  /// Bytes between neighbours of the base along each axis.
  private let strides: [Int]
  /// Axes from here on are contiguous in the base: together they make one run.
  private let runAxis: Int
  private let runSize: Int

  /// - Throws: ``Slice/Invalid`` where the slice does not fit.
  public init(_ base: any ArraySource, _ slice: Slice) throws(Slice.Invalid) {
    try self.init(base, try slice.selections(of: base.description.shape))
  }

  private init(_ base: any ArraySource, _ selections: [Slice.Selection]) throws(Slice.Invalid) {
    let shape = base.description.shape
    let kept = selections.filter { !$0.isDropped }.map(\.count)
    guard let description = ArrayDescription(element: base.description.element, shape: kept) else {
      throw Slice.Invalid(description: "the slice is larger than a file can be")
    }
    self.base = base
    self.selections = selections
    self.description = description
    var strides = [Int](repeating: base.description.element.size, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
    self.strides = strides
    // Whole axes at the end, and one before them that is taken without gaps, are one run.
    var axis = shape.count
    var runSize = base.description.element.size
    while axis > 0, selections[axis - 1].step == 1 || selections[axis - 1].count == 1 {
      axis -= 1
      runSize *= selections[axis].count
      if selections[axis].count != shape[axis] { break }
    }
    runAxis = axis
    self.runSize = runSize
  }

  public var needsDecoding: Bool { get throws(ReadError) { try base.needsDecoding } }

  public var presence: (any ArraySource)? {
    guard let presence = base.presence else { return nil }
    let own = zip(selections, presence.description.shape).map { selection, extent in
      var selection = selection
      if extent == 1 {
        selection.start = 0
        selection.step = 1
        selection.count = min(1, selection.count)
      }
      return selection
    }
    // It is never larger than the array, which fits.
    return try? SlicedArray(presence, own)
  }

  /// Runs that lie closer together than this are read with what is between them: a read each would cost a microsecond.
  private static let widestGap = 4096
  private static let window = 1 << 20

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    guard runSize > 0 else { return }
    var scratch: [UInt8] = []
    var done = 0
    while done < output.count {
      let (run, skip) = (offset + done).quotientAndRemainder(dividingBy: runSize)
      let left = output.count - done
      let neighbours = skip == 0 ? min(closeRuns(from: run), left / runSize) : 1
      if neighbours > 1 {
        let step = selections[runAxis - 1].step * strides[runAxis - 1]
        let length = (neighbours - 1) * step + runSize
        if scratch.count < length { scratch = [UInt8](repeating: 0, count: length) }
        try read(start(ofRun: run), length, into: &scratch)
        for number in 0..<neighbours {
          let target = UnsafeMutableRawBufferPointer(rebasing: output[(done + number * runSize)...])
          target.copyBytes(from: scratch[(number * step)..<(number * step + runSize)])
        }
        done += neighbours * runSize
      } else {
        let count = min(runSize - skip, left)
        let target = UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
        try base.read(dataAt: start(ofRun: run) + skip, into: target)
        done += count
      }
    }
  }

  /// How many runs from this one on follow each other at one distance, close enough to be read together.
  private func closeRuns(from run: Int) -> Int {
    guard runAxis > 0 else { return 1 }
    let selection = selections[runAxis - 1]
    let step = selection.step * strides[runAxis - 1]
    guard step - runSize <= Self.widestGap, step <= Self.window else { return 1 }
    return min(selection.count - run % selection.count, Self.window / step)
  }

  private func read(_ position: Int, _ length: Int, into scratch: inout [UInt8]) throws(ReadError) {
    // A typed error does not pass through the closure, so it comes back as a value.
    let result = scratch.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
      do throws(ReadError) {
        return .success(
          try base.read(dataAt: position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Where in the base a run begins, in bytes.
  private func start(ofRun run: Int) -> Int {
    var rest = run
    var position = 0
    for axis in selections.indices.reversed() {
      var index = 0
      if axis < runAxis {
        (rest, index) = rest.quotientAndRemainder(dividingBy: selections[axis].count)
      }
      position += (selections[axis].start + index * selections[axis].step) * strides[axis]
    }
    return position
  }
}
