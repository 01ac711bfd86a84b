internal import ArrayIO
internal import EXDF
internal import Glibc
public import HDF5
internal import NPY
internal import Synchronization
internal import Threads

/// Reads the trains of a plan, one at a time, the values of a train by several threads.
public final class TrainReader: Sendable {
  public let plan: TrainPlan
  private let pool: SlabPool
  private let threads: WorkerPool
  private let columns = SmallColumns()

  /// Memory that may lie idle between two trains.
  private static let mostIdleBytes = 256 << 20
  /// Below this a value is no buffer of its own.
  private static let smallestSlab = 16 << 10

  public init(_ plan: TrainPlan) {
    self.plan = plan
    pool = SlabPool(mostFreeBytes: Self.mostIdleBytes)
    let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    threads = WorkerPool(threads: cores, waiting: 64)
  }

  /// Something to be read for a train.
  private enum Job: Sendable {
    case key(Int, name: String, of: EXDF.Source)
    case stack(DetectorKey, JoinedDetector)
  }

  /// All values of the train at a position of ``EXDF/Run/trainIDs``.
  /// - Throws: ``HDF5/ReadError`` where one of them cannot be read: a train has all of its values or is none.
  public func values(ofTrain position: Int) throws(ReadError) -> TrainValues {
    let jobs = try self.jobs(position)
    let found = Mutex<[TrainValue?]>([TrainValue?](repeating: nil, count: jobs.count))
    let failure = Mutex<ReadError?>(nil)
    threads.together(jobs.count) { [self] number in
      guard failure.withLock({ $0 == nil }) else { return }
      do throws(ReadError) {
        let value = try read(jobs[number].job, position)
        found.withLock { $0[number] = value }
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    var values = [[TrainValue]](repeating: [], count: plan.sources.count)
    for (job, value) in zip(jobs, found.withLock { $0 }) { if let value { values[job.source].append(value) } }
    return TrainValues(trainID: plan.arrays.run.trainIDs[position], position: position, values: values)
  }

  private func jobs(_ train: Int) throws(ReadError) -> [(source: Int, job: Job)] {
    var jobs: [(source: Int, job: Job)] = []
    let run = plan.arrays.run
    func add(_ keys: [(number: Int, name: String)], of source: EXDF.Source, to place: Int) throws(ReadError) {
      for key in keys where try run.wholeIndex(ofKey: key.number, of: source).location(ofTrain: train) != nil {
        jobs.append((place, .key(key.number, name: key.name, of: source)))
      }
    }
    for (place, source) in plan.sources.enumerated() {
      switch source.contents {
      case .keys(let keys, let source): try add(keys, of: source, to: place)
      case .detector(let whole):
        for key in whole.stacks where try whole.detector.frames.entries.location(ofTrain: train) != nil {
          jobs.append((place, .stack(key, whole)))
        }
        if let module = try whole.reference(train: train) {
          try add(whole.keys[module], of: whole.detector.modules[module].source, to: place)
        }
      }
    }
    return jobs
  }

  private func read(_ job: Job, _ train: Int) throws(ReadError) -> TrainValue? {
    switch job {
    case .key(let number, let name, let source):
      if let value = try columns.value(number, name, of: source, train: train, plan.arrays) { return value }
      guard let array = try plan.arrays.array(ofKey: number, of: source, train: train) else { return nil }
      let isText =
        if case .variableString = try plan.arrays.run.keys(of: source)[number].datatype { true } else { false }
      return try value(of: array, name, array.description.shape, isText: isText)
    case .stack(let key, let whole):
      guard let array = try plan.arrays.stackedArray(of: key, of: whole.detector, train: train, fill: nil) else {
        return nil
      }
      return try stack(array, key, whole)
    }
  }

  private func stack(_ array: StackedArray, _ key: DetectorKey, _ whole: JoinedDetector) throws(ReadError) -> TrainValue
  {
    let shape = array.description.shape
    guard whole.onlineAxes, shape.count >= 4 else {
      // As the modules have it: with the axis of length 1, and without that of a single frame.
      let own = key.dropsFirstExtent ? [shape[0], 1] + shape.dropFirst() : shape
      return try value(of: array, key.name, shape[0] == 1 ? Array(own.dropFirst()) : own, isText: false)
    }
    let offline = try value(of: array, key.name, shape, isText: false)
    let size = offline.element.size
    guard let slab = pool.slab(max(1, offline.byteCount)) else { throw outOfMemory(key.name) }
    let turned = UnsafeMutableRawBufferPointer(rebasing: slab.bytes[..<offline.byteCount])
    OnlineAxes.turn(offline, into: turned, shape: shape, size: size)
    return TrainValue(
      key: key.name, element: offline.element, shape: OnlineAxes.shape(shape), isText: false, slab: slab)
  }

  private func value(
    of array: some ArraySource, _ key: String, _ shape: [Int], isText: Bool
  ) throws(ReadError) -> TrainValue {
    let count = array.description.dataSize
    let element = array.description.element
    guard count >= Self.smallestSlab else {
      var bytes = [UInt8](repeating: 0, count: count)
      let result = bytes.withUnsafeMutableBytes { buffer -> Result<Void, ReadError> in
        do throws(ReadError) {
          return .success(try array.read(dataAt: 0, into: buffer))
        } catch {
          return .failure(error)
        }
      }
      try result.get()
      return TrainValue(key: key, element: element, shape: shape, isText: isText, bytes: bytes)
    }
    guard let slab = pool.slab(count) else { throw outOfMemory(key) }
    try array.read(dataAt: 0, into: slab.bytes)
    return TrainValue(key: key, element: element, shape: shape, isText: isText, slab: slab)
  }

  private func outOfMemory(_ key: String) -> ReadError {
    .passing(PassingError(errno: ENOMEM, file: plan.arrays.run.path, object: key))
  }
}
