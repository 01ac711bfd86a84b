/// Some trains, by id: a sorted list that all files of a selection share.
struct TrainSet: Hashable, Sendable {
  /// Ascending, each once.
  let trainIDs: [UInt64]

  /// - Parameter trainIDs: ascending, each once.
  init(sorted trainIDs: [UInt64]) { self.trainIDs = trainIDs }

  /// By bisection.
  func contains(_ train: UInt64) -> Bool {
    var low = 0
    var high = trainIDs.count
    while low < high {
      let middle = (low + high) / 2
      if trainIDs[middle] < train { low = middle + 1 } else { high = middle }
    }
    return low < trainIDs.count && trainIDs[low] == train
  }
}
