package import ArrayIO
public import NPY

/// The values of one train.
public struct TrainValues: Sendable {
  public var trainID: UInt64
  /// The position of the train in ``EXDF/Run/trainIDs``.
  public var position: Int
  /// The values of each source of the plan, by key; empty where a source has no data of this train.
  public var values: [[TrainValue]]

  package init(trainID: UInt64, position: Int, values: [[TrainValue]]) {
    self.trainID = trainID
    self.position = position
    self.values = values
  }

  /// Of all values together.
  public var byteCount: Int { values.reduce(0) { $0 + $1.reduce(0) { $0 + $1.byteCount } } }
}

/// The value of one key in one train: what `train_from_id` of EXtra-data gives.
public struct TrainValue: Sendable {
  /// Small ones lie by themselves: there are thousands in a train.
  enum Storage: Sendable {
    case small([UInt8])
    case large(Slab)
  }

  public var key: String
  public var element: ElementType
  /// Empty for a single value.
  public var shape: [Int]
  /// Whether it comes from strings of variable length, which are padded here.
  public var isText: Bool
  var storage: Storage

  /// Of its elements, in C order.
  public var byteCount: Int {
    switch storage {
    case .small(let bytes): bytes.count
    case .large(let slab): slab.bytes.count
    }
  }

  package init(key: String, element: ElementType, shape: [Int], isText: Bool = false, bytes: [UInt8]) {
    self.key = key
    self.element = element
    self.shape = shape
    self.isText = isText
    storage = .small(bytes)
  }

  init(key: String, element: ElementType, shape: [Int], isText: Bool, slab: Slab) {
    self.key = key
    self.element = element
    self.shape = shape
    self.isText = isText
    storage = .large(slab)
  }

  /// A copy of its bytes.
  public var bytes: [UInt8] {
    switch storage {
    case .small(let bytes): bytes
    case .large(let slab): Array(UnsafeRawBufferPointer(slab.bytes))
    }
  }

  /// The memory of a large value, to be held as long as somebody reads from it; nil for a small one.
  package var slab: Slab? {
    if case .large(let slab) = storage { return slab }
    return nil
  }
}
