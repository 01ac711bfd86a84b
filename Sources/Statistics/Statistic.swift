public import ArrayIO
internal import NPY

/// A number that is made of each column of an array: of all its entries along the first axis.
public enum Statistic: String, CaseIterable, Hashable, Sendable {
  case mean
  /// The standard deviation of all entries, as numpy's with `ddof=0`.
  case std
  case min
  case max

  /// Larger results are not made, in bytes: they are held in memory.
  public static let largestResult = 1 << 30

  /// What it is of an array: of the entries' shape, `<f8` for mean and std, of the array's own type for min and max.
  ///
  /// - Returns: nil where there is none: of a single value, of what is no real number, or where it would be larger than
  ///   ``largestResult``.
  public func description(of array: ArrayDescription) -> ArrayDescription? {
    guard !array.shape.isEmpty, Number(array.element) != nil else { return nil }
    let element =
      switch self {
      case .mean, .std: Number.double
      case .min, .max: array.element
      }
    guard let description = ArrayDescription(element: element, shape: Array(array.shape.dropFirst())),
      description.dataSize <= Self.largestResult
    else { return nil }
    return description
  }
}
