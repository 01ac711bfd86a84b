public import HDF5
public import NPY

/// What an array is: its elements and its shape. A value; nothing is read for it.
public struct ArrayDescription: Hashable, Sendable {
  public var element: ElementType
  public var shape: [Int]

  /// - Returns: nil where the array would have more bytes than a file can (2^62). Of an array without elements the other
  ///   extents are held to the same, as in numpy: whoever computes strides multiplies them.
  public init?(element: ElementType, shape: [Int]) {
    self.element = element
    self.shape = shape
    var bytes = max(1, element.size)
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(1, extent))
      guard !overflow, extent >= 0, product <= 1 << 62 else { return nil }
      bytes = product
    }
    dataSize = shape.contains(0) || element.size == 0 ? 0 : bytes
  }

  /// In bytes, without the header.
  public let dataSize: Int

  /// The header of the `.npy` file.
  public var header: [UInt8] { Header.encode(element, shape: shape) }
}

/// What numpy makes of an HDF5 datatype.
public enum Representation: Hashable, Sendable {
  /// `innerShape`: the extents of an array datatype, which numpy appends to the shape.
  case element(ElementType, innerShape: [Int])
  /// Strings of variable length become byte strings as long as the longest of the key.
  case variableStrings
  /// npy has no word for it.
  case none(reason: String)

  /// As h5py maps it, which EXtra-data reads with.
  public init(_ type: Datatype) {
    switch type {
    case .variableString: self = .variableStrings
    case .array(let base, let shape):
      switch Representation(base) {
      case .element(let element, let inner): self = .element(element, innerShape: shape + inner)
      case .variableStrings: self = .none(reason: "npy cannot hold arrays of strings of variable length")
      case .none(let reason): self = .none(reason: reason)
      }
    case .compound(let size, let fields): self = Self.compound(size, fields)
    case .enumeration(let base, _): self = type.isBoolean ? .element(.boolean, innerShape: []) : Representation(base)
    case .integer(let size, let signed, let order, _):
      self = .element(.integer(size: size, signed: signed, bigEndian: order == .big), innerShape: [])
    case .float(let size, let order): self = .element(.float(size: size, bigEndian: order == .big), innerShape: [])
    case .fixedString(let length, _, _): self = .element(.bytes(length: length), innerShape: [])
    case .bitfield(let size, let order):
      self = .element(.integer(size: size, signed: false, bigEndian: order == .big), innerShape: [])
    case .opaque(let size, let tag): self = .element(Self.opaque(size, tag), innerShape: [])
    case .unsupported(let what): self = .none(reason: "npy cannot hold \(what)")
    }
  }

  private static func compound(_ size: Int, _ fields: [Datatype.Field]) -> Representation {
    // h5py's convention for complex numbers: a compound of 'r' and 'i', the same float twice.
    if fields.count == 2, fields[0].name == "r", fields[1].name == "i", fields[0].type == fields[1].type,
      case .float(let half, let order) = fields[0].type, half >= 4, size == 2 * half
    {
      return .element(.complex(size: size, bigEndian: order == .big), innerShape: [])
    }
    var members: [ElementType.Field] = []
    var end = 0
    for field in fields.sorted(by: { $0.offset < $1.offset }) {
      switch Representation(field.type) {
      case .element(let element, let shape):
        let member = ElementType.Field(name: field.name, offset: field.offset, type: element, shape: shape)
        let (next, overflow) = field.offset.addingReportingOverflow(field.type.size ?? Int.max)
        guard field.offset >= end, !overflow, next <= size else {
          return .none(reason: "npy cannot hold a compound whose fields overlap or lie outside of it")
        }
        end = next
        members.append(member)
      case .variableStrings: return .none(reason: "npy cannot hold a compound with strings of variable length")
      case .none(let reason): return .none(reason: reason)
      }
    }
    guard !members.isEmpty else { return .none(reason: "npy cannot hold a compound without fields") }
    return .element(.structure(fields: members, size: size), innerShape: [])
  }

  /// h5py keeps numpy types that HDF5 does not know as opaque data with a tag, such as `NUMPY:M8[ns]`.
  private static func opaque(_ size: Int, _ tag: String) -> ElementType {
    guard size == 8, tag.hasPrefix("NUMPY:") else { return .raw(length: size) }
    let name = tag.dropFirst("NUMPY:".count)
    let bare = name.first.map { "<>|=".contains($0) } == true ? name.dropFirst() : name
    guard bare.hasPrefix("M8") || bare.hasPrefix("m8"),
      bare.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "[]".contains($0)) })
    else { return .raw(length: size) }
    return .time(descriptor: (name.first == ">" ? ">" : "<") + bare)
  }
}
