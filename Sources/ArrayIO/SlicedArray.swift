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
    let shape = base.description.shape
    let selections = try slice.selections(of: shape)
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

  public var isCostly: Bool { base.isCostly }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ArrayError) {
    guard runSize > 0 else { return }
    var done = 0
    while done < output.count {
      let (run, skip) = (offset + done).quotientAndRemainder(dividingBy: runSize)
      let count = min(runSize - skip, output.count - done)
      let target = UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
      try base.read(dataAt: start(ofRun: run) + skip, into: target)
      done += count
    }
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
