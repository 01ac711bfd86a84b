internal import ArrayIO
internal import HDF5
internal import NPY

/// All elements of a small array, read in pieces of a few megabytes.
struct Elements {
  let element: ElementType
  private let bytes: [UInt8]

  /// One text that is long makes all of its key's as long: more than this is refused before memory is asked for.
  private static let mostBytes = 1 << 30

  init(of array: some ArraySource) throws(ReadError) {
    element = array.description.element
    guard array.description.dataSize <= Self.mostBytes else {
      throw .damaged(
        file: "", object: "", reason: "its values take \(array.description.dataSize) bytes, too many for a text")
    }
    var bytes = [UInt8](repeating: 0, count: array.description.dataSize)
    let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
      do throws(ReadError) {
        return .success(try array.read(dataAt: 0, into: buffer))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    self.bytes = bytes
  }

  var count: Int { element.size == 0 ? 0 : bytes.count / element.size }

  /// Gives `body` the bytes of one element.
  func withElement<R>(_ number: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[(number * element.size)..<((number + 1) * element.size)]))
    }
  }
}
