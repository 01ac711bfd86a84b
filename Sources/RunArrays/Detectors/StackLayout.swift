internal import ArrayIO
internal import EXDF
public import NPY

/// How one entry of a stack is laid out: the modules' own entries, woven along the module axis.
public struct StackLayout: Hashable, Sendable {
  public var element: ElementType
  /// Extents of one stacked entry, the module axis among them.
  public var shape: [Int]
  /// Along which axis of ``shape`` the modules lie.
  public var moduleAxis: Int
  /// The length of the module axis.
  var width: Int
  /// Extents of one module's entry before the module axis, multiplied: so often does each module come.
  var outer: Int
  /// Bytes of one module that lie together.
  var innerSize: Int
  /// Bytes of one module's entry, and of the stacked one.
  var rowSize: Int
  var size: Int

  /// The module axis comes before those of the pixels, as `stack_detector_data` puts it; last where an entry has no pixels.
  ///
  /// The pixels are the last two axes, or the last two that have the extents of a module's where more axes follow them (the masks of 2018
  /// have three bits for each).
  /// - Returns: nil where an entry would be absurdly large.
  init?(_ entry: RunArrays.Entry, dropsFirstExtent: Bool, width: Int, pixels: [Int]) {
    let own = dropsFirstExtent ? Array(entry.shape.dropFirst()) : entry.shape
    let last = own.count >= 2 ? own.count - 2 : own.count
    let axis = own.count > 2 ? (0...last).last { Array(own[$0..<($0 + 2)]) == pixels } ?? last : last
    let stacked = own[..<axis] + [width] + own[axis...]
    guard let row = ArrayDescription(element: entry.element, shape: own),
      let inner = ArrayDescription(element: entry.element, shape: Array(own[axis...])),
      let whole = ArrayDescription(element: entry.element, shape: Array(stacked)),
      let outer = ArrayDescription(element: .boolean, shape: Array(own[..<axis]))
    else { return nil }
    element = entry.element
    shape = Array(stacked)
    moduleAxis = axis
    self.width = width
    self.outer = outer.dataSize
    innerSize = inner.dataSize
    rowSize = row.dataSize
    size = whole.dataSize
  }

  /// Of a module axis at a place in the entry, a byte at an offset: which module's, and where in the module's entry.
  func place(ofByte offset: Int) -> (slot: Int, offset: Int, skip: Int) {
    let (outer, rest) = offset.quotientAndRemainder(dividingBy: width * innerSize)
    let (slot, skip) = rest.quotientAndRemainder(dividingBy: innerSize)
    return (slot, outer * innerSize + skip, skip)
  }
}
