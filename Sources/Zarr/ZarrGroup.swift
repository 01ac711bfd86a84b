/// Arrays that belong together, as a Zarr group with consolidated metadata.
public struct ZarrGroup: Sendable {
  public var arrays: [ZarrArray]
  /// Arrays that label the others without being a dimension, by name.
  public var coordinates: [String]
  /// What else is known, such as the source.
  public var attributes: [(name: String, value: String)]

  public init(arrays: [ZarrArray], coordinates: [String] = [], attributes: [(name: String, value: String)] = []) {
    self.arrays = arrays
    self.coordinates = coordinates
    self.attributes = attributes
  }

  /// `.zgroup`, which every directory from the root of the hierarchy on has.
  public static let marker = JSON.object([("zarr_format", .integer(2))])

  /// `.zattrs`.
  public var attributeValues: JSON {
    var names: [(name: String, value: JSON)] = []
    if !coordinates.isEmpty { names.append(("coordinates", .string(coordinates.joined(separator: " ")))) }
    return .object(names + attributes.map { (name: $0.name, value: JSON.string($0.value)) })
  }

  /// `.zmetadata`: with it a reader opens three files, without it two for each array.
  public var consolidated: JSON {
    var members: [(name: String, value: JSON)] = [(".zgroup", Self.marker), (".zattrs", attributeValues)]
    for array in arrays {
      members.append(("\(array.name)/.zarray", array.metadata))
      members.append(("\(array.name)/.zattrs", array.attributes))
    }
    return .object([("zarr_consolidated_format", .integer(1)), ("metadata", .object(members))])
  }
}
