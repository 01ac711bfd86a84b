internal import EXDF
public import HDF5
internal import Synchronization
internal import Threads

/// The trains of a plan in order, read ahead of whoever takes them, within a bound of memory.
public final class TrainStream: Sendable {
  private struct State {
    var ready: [TrainValues] = []
    var readyBytes = 0
    var failure: ReadError?
    var isAtEnd = false
    var isCancelled = false
  }
  private let reader: TrainReader
  private let repeats: Bool
  private let monitor = Monitor()
  // Only touched inside the monitor.
  private let state = Mutex(State())

  /// Trains that may wait, and their bytes: one train may always be there, however large.
  private static let mostTrains = 16
  private static let mostBytes = 256 << 20

  /// - Parameter repeats: whether the first train comes again after the last.
  public init(_ reader: TrainReader, repeats: Bool = false) {
    self.reader = reader
    self.repeats = repeats
  }

  /// Begins to read.
  /// - Returns: false where the system has no thread to give.
  public func start() -> Bool { Thread.start { [self] in read() } }

  /// What comes next.
  public enum Next: Sendable {
    case train(TrainValues)
    /// Nothing has come in the time that was to be waited.
    case pending
    case end
  }

  /// Takes the next train.
  ///
  /// - Parameter milliseconds: how long to wait for it.
  /// - Throws: why the train that would come next cannot be read; nothing comes after it.
  public func next(within milliseconds: Int) throws(ReadError) -> Next {
    let deadline = Deadline(milliseconds: milliseconds)
    return try monitor.withLock { () throws(ReadError) in
      while true {
        let found = try state.withLock { (state) throws(ReadError) -> Next? in
          if !state.ready.isEmpty {
            let train = state.ready.removeFirst()
            state.readyBytes -= train.byteCount
            return .train(train)
          }
          if let failure = state.failure { throw failure }
          return state.isAtEnd ? .end : nil
        }
        if let found {
          monitor.broadcast()
          return found
        }
        guard monitor.wait(until: deadline) else { return .pending }
      }
    }
  }

  /// Ends the reading; what has been read is given up.
  public func cancel() {
    monitor.withLock {
      state.withLock {
        $0.isCancelled = true
        $0.ready = []
        $0.readyBytes = 0
      }
      monitor.broadcast()
    }
  }

  private func read() {
    let count = reader.plan.arrays.run.trainIDs.count
    repeat {
      for position in 0..<count {
        guard waitForRoom() else { return }
        do throws(ReadError) {
          let train = try reader.values(ofTrain: position)
          monitor.withLock {
            state.withLock {
              guard !$0.isCancelled else { return }
              $0.ready.append(train)
              $0.readyBytes += train.byteCount
            }
            monitor.broadcast()
          }
        } catch {
          monitor.withLock {
            state.withLock { $0.failure = error }
            monitor.broadcast()
          }
          return
        }
      }
    } while repeats && count > 0
    monitor.withLock {
      state.withLock { $0.isAtEnd = true }
      monitor.broadcast()
    }
  }

  /// - Returns: false where nothing is wanted any more.
  private func waitForRoom() -> Bool {
    let most = reader.plan.mostBytes
    return monitor.withLock {
      while true {
        let mayRead = state.withLock { state -> Bool? in
          if state.isCancelled { return false }
          if state.ready.isEmpty { return true }
          return state.ready.count < Self.mostTrains && state.readyBytes + most <= Self.mostBytes ? true : nil
        }
        if let mayRead { return mayRead }
        monitor.wait()
      }
    }
  }
}
