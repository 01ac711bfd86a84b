public import ArrayIO
internal import EXDF
public import HDF5
internal import NPY

/// The modules of a detector as one array: (entries, ..., modules, slow scan, fast scan).
///
/// Nothing is stacked in memory: a stretch of bytes is read from each module's storage to where it belongs in the reply, so
/// what is not asked for is not read. Keys without pixels, whose modules lie a few bytes apart, are woven in small blocks.
public struct StackedArray: ArraySource {
  /// One module's entries of the key.
  struct Module: Sendable {
    var slot: Int
    /// Its position in ``EXDF/Detector/modules``.
    var number: Int
    var array: StoredArray
    var index: TrainIndex
    /// The entry of the module's key with which `array` begins.
    var firstEntry: Int
  }

  public let description: ArrayDescription
  private let layout: StackLayout
  private let frames: FrameTable
  /// The entry of the frame table with which this array begins.
  private let firstEntry: Int
  private let slots: [Module?]
  private let fill: FillPattern

  init(
    _ description: ArrayDescription, _ layout: StackLayout, _ frames: FrameTable, firstEntry: Int, _ modules: [Module],
    _ fill: FillPattern
  ) {
    self.description = description
    self.layout = layout
    self.frames = frames
    self.firstEntry = firstEntry
    self.fill = fill
    var slots = [Module?](repeating: nil, count: layout.width)
    for module in modules { slots[module.slot] = module }
    self.slots = slots
  }

  /// Below this a module's bytes are too few to be read by themselves: an access costs as much as copying that many.
  private static let narrow = 4096
  /// Bytes of one module that are read at a time for weaving.
  private static let blockSize = 64 << 10
  /// An entry of more bytes than this is no list of ids: it is not held in memory as a whole.
  private static let largestWoven = 16 << 20

  /// Whether the modules' bytes lie so close together that they are woven from larger reads.
  private func isNarrow(_ count: Int) -> Bool {
    layout.innerSize < Self.narrow && layout.size <= Self.largestWoven && count > 4 * layout.innerSize
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    var sink = PieceSink(buffer: output, isStreaming: false)
    try gather(dataAt: offset, output.count, into: &sink)
    sink.settle(in: output)
  }

  public func gather(dataAt offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) {
    guard count > 0, layout.size > 0 else { return }
    if isNarrow(count) {
      try weave(offset, into: sink.reserve(count))
    } else {
      try gatherPieces(offset, count, into: &sink)
    }
  }

  /// Below this a module's bytes are made ready by whole entries: naming each piece would take as long as reading it.
  private static let smallestNamed = 32 << 10

  /// What the modules have of a range, made ready by other threads.
  public func prefetch(dataAt offset: Int, _ count: Int) {
    guard layout.size > 0, layout.rowSize > 0, count > 0, !isNarrow(count) else { return }
    let end = min(description.dataSize, offset + count)
    guard offset < end else { return }
    if layout.innerSize >= Self.smallestNamed {
      forEachPiece(offset, end - offset) { module, start, length, _ in
        module?.array.prefetch(dataAt: start, length)
      }
      return
    }
    for entry in (offset / layout.size)...((end - 1) / layout.size) {
      guard let place = frames.entries.train(ofEntry: firstEntry + entry) else { continue }
      for module in slots.compactMap({ $0 }) {
        if let own = self.entry(entry, of: module, place) {
          module.array.prefetch(dataAt: own * layout.rowSize, layout.rowSize)
        }
      }
    }
  }

  public var longestWindow: Int { anyModule?.array.longestWindow ?? 0 }

  public var needsDecoding: Bool { get throws(ReadError) { try anyModule?.array.needsDecoding ?? false } }

  public var presence: (any ArraySource)? { PresenceArray(of: self) }

  /// Whether each module has each entry: bool, with an extent of 1 along every axis but the entries' and the modules'.
  private struct PresenceArray: ArraySource {
    let description: ArrayDescription
    private let stack: StackedArray

    /// - Returns: never nil: it is smaller than the stack.
    init?(of stack: StackedArray) {
      let entries = stack.description.shape.dropLast(stack.layout.shape.count)
      var shape = [Int](repeating: 1, count: stack.layout.shape.count)
      shape[stack.layout.moduleAxis] = stack.layout.width
      guard let description = ArrayDescription(element: .boolean, shape: entries + shape) else { return nil }
      self.description = description
      self.stack = stack
    }

    func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
      let width = stack.layout.width
      for index in output.indices {
        let (entry, slot) = (offset + index).quotientAndRemainder(dividingBy: width)
        let place = stack.frames.entries.train(ofEntry: stack.firstEntry + entry)
        let isThere =
          if let module = stack.slots[slot], let place { stack.entry(entry, of: module, place) != nil } else { false }
        output[index] = isThere ? 1 : 0
      }
    }
  }

  private var anyModule: Module? {
    for case let module? in slots { return module }
    return nil
  }

  /// Which entry of a module's array an entry of this one is; nil where the module does not have it.
  private func entry(_ entry: Int, of module: Module, _ place: (train: Int, entry: Int)) -> Int? {
    frames.source(of: place.entry, train: place.train, module: module.number, module.index).map {
      $0 - module.firstEntry
    }
  }

  /// Straight from each module to its place.
  private func gatherPieces(_ offset: Int, _ count: Int, into sink: inout PieceSink) throws(ReadError) {
    try forEachPiece(offset, count) { (module, start, length, skip) throws(ReadError) in
      if let module {
        try module.array.gather(dataAt: start, length, into: &sink)
      } else {
        fill.fill(sink.reserve(length), phase: skip)
      }
    }
  }

  /// Gives `body` the pieces that a range consists of, in order: of which module, from where in its array, how many bytes, and
  /// how many of its stretch of the entry come before. Without a module where there is none, or it lacks the entry.
  private func forEachPiece<E: Error>(
    _ offset: Int, _ count: Int, _ body: (Module?, Int, Int, Int) throws(E) -> Void
  ) throws(E) {
    var done = 0
    var current = -1
    var place: (train: Int, entry: Int)?
    while done < count {
      let (entry, rest) = (offset + done).quotientAndRemainder(dividingBy: layout.size)
      if entry != current {
        place = frames.entries.train(ofEntry: firstEntry + entry)
        current = entry
      }
      let (slot, start, skip) = layout.place(ofByte: rest)
      let length = min(layout.innerSize - skip, count - done)
      if let module = slots[slot], let place, let own = self.entry(entry, of: module, place) {
        try body(module, own * layout.rowSize + start, length, skip)
      } else {
        try body(nil, 0, length, skip)
      }
      done += length
    }
  }

  /// A few entries of all modules at a time: rows that follow each other are read at once, then dealt out.
  private func weave(_ offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    let most = max(1, Self.blockSize / layout.rowSize)
    var done = 0
    while done < output.count {
      let (entry, skip) = (offset + done).quotientAndRemainder(dividingBy: layout.size)
      let last = (offset + output.count - 1) / layout.size
      let entries = min(most, last - entry + 1)
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: entries * layout.size, alignment: 16)
      defer { block.deallocate() }
      fill.fill(block, phase: 0)
      for module in slots.compactMap({ $0 }) { try weave(module, entry..<(entry + entries), into: block) }
      let count = min(block.count - skip, output.count - done)
      UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: block[skip..<(skip + count)]))
      done += count
    }
  }

  private func weave(_ module: Module, _ entries: Range<Int>, into block: UnsafeMutableRawBufferPointer)
    throws(ReadError)
  {
    let rows = UnsafeMutableRawBufferPointer.allocate(byteCount: entries.count * layout.rowSize, alignment: 16)
    defer { rows.deallocate() }
    var own = entries.map { entry in
      frames.entries.train(ofEntry: firstEntry + entry).flatMap { self.entry(entry, of: module, $0) }
    }
    own.append(nil)
    var start = 0
    while start < entries.count {
      guard let first = own[start] else {
        start += 1
        continue
      }
      var end = start + 1
      while own[end] == first + end - start { end += 1 }
      let target = UnsafeMutableRawBufferPointer(rebasing: rows[..<((end - start) * layout.rowSize)])
      try module.array.read(dataAt: first * layout.rowSize, into: target)
      deal(target, to: block, at: start, module.slot)
      start = end
    }
  }

  private func deal(
    _ rows: UnsafeMutableRawBufferPointer, to block: UnsafeMutableRawBufferPointer, at entry: Int, _ slot: Int
  ) {
    let inner = layout.innerSize
    guard let from = rows.baseAddress, let to = block.baseAddress, inner > 0 else { return }
    // Rows and stacked entries are both whole, so the pieces are counted through.
    for piece in 0..<(rows.count / inner) {
      to.advanced(by: ((entry * layout.outer + piece) * layout.width + slot) * inner)
        .copyMemory(from: from + piece * inner, byteCount: inner)
    }
  }
}
