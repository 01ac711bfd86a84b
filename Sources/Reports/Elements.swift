internal import ArrayIO
internal import HDF5
internal import NPY

/// The elements of an array, for a text that has all of them: read in pieces, as they are asked for in ascending order.
///
/// One long text makes all texts of its key as long: 2,000 rows of which one has a megabyte are 2 GB as an array.
final class Elements {
  let element: ElementType
  private let array: any ArraySource
  /// The elements that `bytes` holds.
  private var range = 0..<0
  private var bytes: [UInt8] = []

  private static let bytesAtATime = 1 << 20

  init(of array: some ArraySource) {
    self.array = array
    element = array.description.element
  }

  /// Gives `body` the bytes of one element.
  func withElement(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(ReadError) {
    if !range.contains(number) { try load(from: number) }
    let start = (number - range.lowerBound) * element.size
    bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + element.size)])) }
  }

  private func load(from first: Int) throws(ReadError) {
    let size = element.size
    let all = size == 0 ? 0 : array.description.dataSize / size
    guard first < all else {
      throw .damaged(
        file: "", object: "", reason: "the array ends after \(all) values, and value \(first) was asked for")
    }
    let count = min(all - first, max(1, Self.bytesAtATime / size))
    // Nothing is taken for read that is not.
    range = 0..<0
    if bytes.count != count * size { bytes = [UInt8](repeating: 0, count: count * size) }
    let array = array
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
      do throws(ReadError) {
        return .success(try array.read(dataAt: first * size, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    range = first..<(first + count)
  }
}
