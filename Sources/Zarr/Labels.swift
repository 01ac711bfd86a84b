/// Names for the axes of a group's arrays: those that EXtra-data gives, as long as one name has one length.
///
/// A reader refuses the whole group where one dimension has two lengths, and takes an array for a coordinate that has the name
/// of a dimension.
public struct Labels: Sendable {
  /// A key of the group.
  public struct Key: Sendable {
    public var name: String
    /// Entries, then the extents of one.
    public var shape: [Int]
    /// Bytes of one entry.
    public var entrySize: Int

    public init(name: String, shape: [Int], entrySize: Int) {
      self.name = name
      self.shape = shape
      self.entrySize = entrySize
    }
  }

  /// Names of the axes of each key, in the order of the keys.
  public let dimensions: [[String]]
  /// The arrays' names, in the order of the keys: a key that has the name of a dimension gets underscores behind it.
  public let names: [String]
  /// For each name of the entries' axis the number of a key that has it; the name needs an array of that key's trains.
  public let entryAxes: [(dimension: String, key: Int)]

  /// - Parameter entries: the name of the entries' axis, such as `trainId`.
  public init(_ keys: [Key], entries: String) {
    var lengths: [String: Int] = [:]
    var owners: [(dimension: String, key: Int)] = []
    var dimensions = [[String]](repeating: [], count: keys.count)
    // The key with the largest entry has the first choice: of a camera that is the image.
    let order = keys.indices.sorted { (-keys[$0].entrySize, $0) < (-keys[$1].entrySize, $1) }
    for number in order {
      let key = keys[number]
      dimensions[number] = key.shape.enumerated().map { axis, extent in
        let usual = axis == 0 ? entries : "dim_\(axis - 1)"
        var name = usual
        var owner = key.name
        while let length = lengths[name], length != extent {
          name = "\(owner)_\(usual)"
          owner += "_"
        }
        if lengths[name] == nil {
          lengths[name] = extent
          if axis == 0 { owners.append((name, number)) }
        }
        return name
      }
    }
    self.dimensions = dimensions
    entryAxes = owners
    var taken = Set(lengths.keys).union(keys.map(\.name).filter { lengths[$0] == nil })
    names = keys.map { key in
      guard lengths[key.name] != nil else { return key.name }
      var name = key.name + "_"
      while taken.contains(name) { name += "_" }
      taken.insert(name)
      return name
    }
  }
}
