public import ArrayIO
public import EXDF
public import HDF5
internal import NPY

/// The train of each entry of a key, as `train_id_coordinates()`; or of each train of the run. Computed as it is read.
public struct TrainIDArray: ArraySource {
  public let description: ArrayDescription
  private let run: Run
  /// nil: each train once.
  private let index: TrainIndex?

  static let element = ElementType.integer(size: 8, signed: false, bigEndian: false)

  /// The train ids of a run.
  public init(of run: Run) {
    self.init(run, nil, count: run.trainIDs.count)
  }

  /// The train ids of the entries of an index.
  public init(of index: TrainIndex, in run: Run) {
    self.init(run, index, count: index.entries)
  }

  private init(_ run: Run, _ index: TrainIndex?, count: Int) {
    self.run = run
    self.index = index
    // Entries are counted below 2^48: eight bytes each always fit.
    description =
      ArrayDescription(element: Self.element, shape: [count])
      ?? ArrayDescription(element: Self.element, shape: [0])
      .unsafelyUnwrapped
  }

  public func read(dataAt offset: Int, into output: UnsafeMutableRawBufferPointer) throws(ReadError) {
    var entry = offset / 8
    var skip = offset % 8
    var done = 0
    var cursor = Cursor(index, entry: entry)
    while done < output.count {
      let train = run.trainIDs[index == nil ? entry : cursor.train(ofEntry: entry)].littleEndian
      let count = min(8 - skip, output.count - done)
      withUnsafeBytes(of: train) { bytes in
        UnsafeMutableRawBufferPointer(rebasing: output[done..<(done + count)])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[skip..<(skip + count)]))
      }
      done += count
      skip = 0
      entry += 1
    }
  }

  /// Walks the segments forward with the entries.
  private struct Cursor {
    private let segments: [TrainIndex.Segment]
    private var number = 0

    init(_ index: TrainIndex?, entry: Int) {
      segments = index?.segments ?? []
      var low = 0
      var high = segments.count
      while low < high {
        let middle = (low + high) / 2
        if segments[middle].firstEntry + segments[middle].entries <= entry { low = middle + 1 } else { high = middle }
      }
      number = low
    }

    mutating func train(ofEntry entry: Int) -> Int {
      while entry >= segments[number].firstEntry + segments[number].entries { number += 1 }
      let segment = segments[number]
      return segment.firstTrain + (entry - segment.firstEntry) / segment.entriesPerTrain
    }
  }
}
