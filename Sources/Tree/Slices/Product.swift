internal import ArrayIO
internal import HDF5
internal import NPY
internal import Pictures
internal import Statistics

/// What is made of an array, under a name that is not listed: listed, each would have whoever copies a directory read its arrays again.
enum Product: Hashable, Sendable {
  /// `mean.npy`, `array@0:100.mean.npy`: over the first axis.
  case statistic(Statistic)
  /// `preview.png`: the mean of some entries, or a map where an entry has one axis.
  case preview
  /// `trains/10000.png`, `frames/10000/68.png`: one entry, of several the first.
  case picture

  /// The product that a name asks for, and the stem of the array's own name.
  static func parse(_ name: String) -> (product: Product, stem: String)? {
    if name == "preview.png" { return (.preview, "array") }
    if name.hasSuffix(".png") { return (.picture, String(name.dropLast(4))) }
    for statistic in Statistic.allCases {
      if name == "\(statistic.rawValue).npy" { return (.statistic(statistic), "array") }
      let suffix = ".\(statistic.rawValue).npy"
      if name.hasSuffix(suffix) { return (.statistic(statistic), String(name.dropLast(suffix.count))) }
    }
    return nil
  }

  /// In bytes; nil where there is no such thing of the array.
  func size(of array: ArrayDescription, _ layout: Layout) -> Int? {
    switch self {
    case .statistic(let statistic): statistic.description(of: array).map { $0.header.count + $0.dataSize }
    case .preview: Picture.previewSize(of: array, layout) ?? Picture.mapSize(of: array)
    case .picture: Picture.size(ofEntry: array, layout)
    }
  }

  /// - Throws: ``HDF5/ReadError``.
  func make(of array: any ArraySource, _ layout: Layout, name: String) throws(ReadError) -> [UInt8] {
    switch self {
    case .statistic(let statistic): return try Statistics.file(statistic, of: array, name: name)
    case .preview:
      if Picture.previewSize(of: array.description, layout) != nil {
        return try Picture.preview(of: array, layout, name: name)
      }
      return try Picture.map(of: array, name: name)
    case .picture: return try Picture.file(ofEntry: array, layout, name: name)
    }
  }

  /// Of a statistic `dtype` and `shape`.
  func attributes(of array: ArrayDescription) -> [String: String] {
    guard case .statistic(let statistic) = self, let description = statistic.description(of: array) else { return [:] }
    return ["dtype": description.element.descriptor, "shape": Shape.literal(description.shape)]
  }
}
