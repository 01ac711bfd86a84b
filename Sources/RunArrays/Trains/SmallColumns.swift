internal import ArrayIO
internal import EXDF
internal import HDF5
internal import NPY
internal import Synchronization

/// Keys with one small value a train, read once for all trains: a run has thousands of them, and a read of eight bytes takes as long as
/// one of a thousand.
final class SmallColumns: Sendable {
  private struct ID: Hashable {
    var source: ObjectIdentifier
    var key: Int
  }
  private enum Column: Sendable {
    case bytes([UInt8], ElementType, entryShape: [Int])
    /// It is read train by train.
    case apart
  }
  private struct State {
    var columns: [ID: Column] = [:]
    var bytes = 0
  }
  private let state = Mutex(State())

  /// Larger ones are read train by train.
  private static let largest = 256 << 10
  /// Of all together.
  private static let mostBytes = 128 << 20

  /// The value of a train; nil where the key is to be read train by train.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  func value(
    _ number: Int, _ name: String, of source: EXDF.Source, train: Int, _ arrays: RunArrays
  ) throws(ReadError) -> TrainValue? {
    let id = ID(source: ObjectIdentifier(source), key: number)
    let column: Column
    if let known = state.withLock({ $0.columns[id] }) {
      column = known
    } else {
      column = try read(number, of: source, arrays)
      state.withLock { state in
        if case .bytes(let bytes, _, _) = column { state.bytes += bytes.count }
        state.columns[id] = column
      }
    }
    guard case .bytes(let bytes, let element, let shape) = column,
      let location = try arrays.run.index(ofKey: number, of: source).location(ofTrain: train), location.rows == 1
    else { return nil }
    let size = shape.reduce(element.size, *)
    let start = location.firstEntry * size
    guard start + size <= bytes.count else { return nil }
    let isText = if case .variableString = try arrays.run.keys(of: source)[number].datatype { true } else { false }
    return TrainValue(
      key: name, element: element, shape: shape, isText: isText, bytes: Array(bytes[start..<(start + size)]))
  }

  private func read(_ number: Int, of source: EXDF.Source, _ arrays: RunArrays) throws(ReadError) -> Column {
    // Where the files disagree a train has a type of its own.
    guard try arrays.run.index(ofKey: number, of: source) == arrays.run.wholeIndex(ofKey: number, of: source),
      state.withLock({ $0.bytes }) < Self.mostBytes
    else { return .apart }
    do throws(ReadError) {
      let array = try arrays.array(ofKey: number, of: source)
      let count = array.description.dataSize
      guard count > 0, count <= Self.largest else { return .apart }
      var bytes = [UInt8](repeating: 0, count: count)
      let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
        do throws(ReadError) {
          return .success(try array.read(dataAt: 0, into: buffer))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      return .bytes(bytes, array.description.element, entryShape: Array(array.description.shape.dropFirst()))
    } catch .damaged {
      // Trains before the damage can still be read.
      return .apart
    }
  }
}
