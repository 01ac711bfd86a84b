/// The type of an array's elements, as numpy names it.
public indirect enum ElementType: Hashable, Sendable {
  case boolean
  case integer(size: Int, signed: Bool, bigEndian: Bool)
  case float(size: Int, bigEndian: Bool)
  /// `size` counts both parts.
  case complex(size: Int, bigEndian: Bool)
  /// Byte strings, padded with NUL.
  case bytes(length: Int)
  /// Bytes that mean nothing to numpy.
  case raw(length: Int)
  /// A date or a time span, such as `<M8[ns]`: always 8 bytes.
  case time(descriptor: String)
  case structure(fields: [Field], size: Int)

  /// A member of a structured type.
  public struct Field: Hashable, Sendable {
    public var name: String
    /// In bytes from the start of the element.
    public var offset: Int
    public var type: ElementType
    /// Empty for a single value.
    public var shape: [Int]

    public init(name: String, offset: Int, type: ElementType, shape: [Int]) {
      self.name = name
      self.offset = offset
      self.type = type
      self.shape = shape
    }

    /// In bytes, all of its elements together.
    var size: Int { shape.reduce(type.size, *) }
  }

  /// Bytes per element.
  public var size: Int {
    switch self {
    case .boolean: 1
    case .integer(let size, _, _), .float(let size, _), .complex(let size, _), .structure(_, let size): size
    case .bytes(let length), .raw(let length): length
    case .time: 8
    }
  }

  /// numpy's short name, such as `<u2`; for structures the list that `dtype.descr` shows.
  public var descriptor: String {
    switch self {
    case .structure(let fields, let size): "[" + Self.members(fields, size).joined(separator: ", ") + "]"
    default: plainDescriptor
    }
  }

  /// What stands behind `'descr':` in the header: quoted unless it is a list.
  var literal: String {
    if case .structure = self { return descriptor }
    return "'\(descriptor)'"
  }

  private var plainDescriptor: String {
    func order(_ bigEndian: Bool, _ size: Int) -> String { size == 1 ? "|" : bigEndian ? ">" : "<" }
    switch self {
    case .boolean: return "|b1"
    case .integer(let size, let signed, let big): return "\(order(big, size))\(signed ? "i" : "u")\(size)"
    case .float(let size, let big): return "\(order(big, size))f\(size)"
    case .complex(let size, let big): return "\(order(big, size))c\(size)"
    case .bytes(let length): return "|S\(length)"
    case .raw(let length): return "|V\(length)"
    case .time(let descriptor): return descriptor
    case .structure: return descriptor
    }
  }

  /// Fields in order of offset, with the gaps between them as nameless raw bytes, as `dtype.descr` writes them.
  private static func members(_ fields: [Field], _ size: Int) -> [String] {
    var members: [String] = []
    var end = 0
    for field in fields.sorted(by: { $0.offset < $1.offset }) {
      if field.offset > end { members.append("('', '|V\(field.offset - end)')") }
      let shape = field.shape.isEmpty ? "" : ", \(Shape.literal(field.shape))"
      members.append("(\(PythonLiteral.string(field.name)), \(field.type.literal)\(shape))")
      end = field.offset + field.size
    }
    if size > end { members.append("('', '|V\(size - end)')") }
    return members
  }
}
