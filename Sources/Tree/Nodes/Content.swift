internal import ArrayIO
internal import HDF5
internal import NPY

/// What a file of the tree holds.
public enum Content {
  /// A `.npy` of an array that is read when asked for.
  case array(ArrayContent)
  /// A file that is made as a whole.
  case generated(GeneratedFile)
}

/// An array: what it is like, and where its elements come from.
public struct ArrayContent {
  /// Computed from counts and types; no array is read for it.
  let describe: () throws(TreeError) -> ArrayDescription
  let open: () throws(TreeError) -> any ArraySource

  init(
    describe: @escaping () throws(TreeError) -> ArrayDescription,
    open: @escaping () throws(TreeError) -> any ArraySource
  ) {
    self.describe = describe
    self.open = open
  }

  init(_ open: @escaping () throws(TreeError) -> any ArraySource) {
    describe = { () throws(TreeError) in try open().description }
    self.open = open
  }
}

extension Content {
  /// `dtype` and `shape` of an array; nothing of any other file.
  func arrayAttributes() throws(TreeError) -> [String: String] {
    guard case .array(let array) = self else { return [:] }
    let description = try array.describe()
    return ["dtype": description.element.descriptor, "shape": Shape.literal(description.shape)]
  }
}
