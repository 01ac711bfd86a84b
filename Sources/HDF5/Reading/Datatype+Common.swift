/// Which type holds the values of several: numpy's `result_type`, where that is exact.
extension Datatype {
  /// What of it numpy sees: types that are equal in this have the same elements for a reader, byte for byte.
  public var asNumPySeesIt: Datatype {
    switch self {
    case .integer(let size, let signed, let order, _):
      return .integer(size: size, signed: signed, order: size == 1 ? .little : order, isWhole: true)
    case .bitfield(let size, let order):
      return .integer(size: size, signed: false, order: size == 1 ? .little : order, isWhole: true)
    case .fixedString(let length, _, _): return .fixedString(length: length, padding: .nullPadded, isUTF8: false)
    case .variableString: return .variableString(isUTF8: false)
    case .enumeration(let base, let members):
      guard isBoolean else { return base.asNumPySeesIt }
      return .enumeration(base: .integer(size: 1, signed: true, order: .little, isWhole: true), members: members)
    case .compound(let size, let fields):
      return .compound(
        size: size,
        fields: fields.sorted { $0.offset < $1.offset }
          .map { Field(name: $0.name, offset: $0.offset, type: $0.type.asNumPySeesIt) })
    case .array(let base, let shape): return .array(base: base.asNumPySeesIt, shape: shape)
    case .float, .opaque, .unsupported: return self
    }
  }

  /// The type that holds every value of all of them exactly; nil where numpy's would not, or there is none.
  ///
  /// Where numpy sees no difference it is the first. Numbers that differ become native ones, fixed strings the longest, and beside a
  /// variable string all strings are variable.
  public static func common(of types: [Datatype]) -> Datatype? {
    guard let first = types.first else { return nil }
    let seen = Set(types.map(\.asNumPySeesIt))
    if seen.count == 1 { return first }
    return numbers(types) ?? strings(types) ?? arrays(types)
  }

  private static func numbers(_ types: [Datatype]) -> Datatype? {
    var unsigned = 0
    var signed = 0
    var float = 0
    for type in types {
      switch type {
      case .integer(let size, let isSigned, _, _):
        guard [1, 2, 4, 8].contains(size) else { return nil }
        if isSigned { signed = max(signed, size) } else { unsigned = max(unsigned, size) }
      case .float(let size, _): float = max(float, size)
      default: return nil
      }
    }
    let integer = max(unsigned, signed)
    if float > 0 {
      // 2 bytes of a float hold integers of one byte, and so on; those of 8 bytes need the machine's long double.
      guard integer < 8 || float > 8 else { return nil }
      return .float(size: max(float, integer < 8 ? 2 * integer : float), order: .little)
    }
    if signed == 0 { return .integer(size: unsigned, signed: false, order: .little, isWhole: true) }
    let size = max(signed, 2 * unsigned)
    return size <= 8 ? .integer(size: size, signed: true, order: .little, isWhole: true) : nil
  }

  private static func strings(_ types: [Datatype]) -> Datatype? {
    var longest = 0
    var isVariable = false
    var isUTF8 = false
    for type in types {
      switch type {
      case .fixedString(let length, _, let utf8):
        longest = max(longest, length)
        isUTF8 = isUTF8 || utf8
      case .variableString(let utf8):
        isVariable = true
        isUTF8 = isUTF8 || utf8
      default: return nil
      }
    }
    return isVariable
      ? .variableString(isUTF8: isUTF8) : .fixedString(length: longest, padding: .nullPadded, isUTF8: isUTF8)
  }

  private static func arrays(_ types: [Datatype]) -> Datatype? {
    var bases: [Datatype] = []
    var extents: Set<[Int]> = []
    for type in types {
      guard case .array(let base, let shape) = type else { return nil }
      bases.append(base)
      extents.insert(shape)
    }
    guard extents.count == 1, let shape = extents.first, let base = common(of: bases) else { return nil }
    if case .variableString = base { return nil }
    return .array(base: base, shape: shape)
  }

  /// Whether every value of this type is one of `other` too, so that libhdf5 makes the one of the other without loss.
  public func convertsExactly(to other: Datatype) -> Bool {
    if self == other { return true }
    switch (self, other) {
    case (.fixedString(let length, _, let isUTF8), .fixedString(let most, _, let otherIsUTF8)):
      // libhdf5 converts only between the same character sets.
      return length <= most && isUTF8 == otherIsUTF8
    case (.integer, .integer), (.integer, .float), (.float, .float):
      guard let common = Self.common(of: [other, self]) else { return false }
      return common.size == other.size && common.isSigned == other.isSigned && common.isFloat == other.isFloat
    case (.array(let base, let shape), .array(let otherBase, let otherShape)):
      return shape == otherShape && base.convertsExactly(to: otherBase)
    case (.compound(_, let fields), .compound(_, let others)):
      return fields.count == others.count
        && others.allSatisfy { field in
          fields.contains { $0.name == field.name && $0.type.convertsExactly(to: field.type) }
        }
    case (.enumeration(let base, let members), .enumeration(let otherBase, let otherMembers)):
      return isBoolean && other.isBoolean || members == otherMembers && base.convertsExactly(to: otherBase)
    case (.bitfield(let size, _), .bitfield(let otherSize, _)): return size == otherSize
    default: return false
    }
  }

  private var isSigned: Bool {
    if case .integer(_, let signed, _, _) = self { return signed }
    return false
  }

  private var isFloat: Bool {
    if case .float = self { return true }
    return false
  }

  /// Its name for messages: as numpy names it, where numpy has a name.
  public var name: String {
    func mark(_ order: ByteOrder, _ size: Int) -> String { size == 1 ? "|" : order == .big ? ">" : "<" }
    switch self {
    case .integer(let size, let signed, let order, _): return "\(mark(order, size))\(signed ? "i" : "u")\(size)"
    case .bitfield(let size, let order): return "\(mark(order, size))u\(size)"
    case .float(let size, let order): return "\(mark(order, size))f\(size)"
    case .fixedString(let length, _, _): return "|S\(length)"
    case .variableString: return "strings of variable length"
    case .enumeration(let base, _): return isBoolean ? "|b1" : base.name
    case .compound(_, let fields):
      return "[" + fields.map { "('\($0.name)', '\($0.type.name)')" }.joined(separator: ", ") + "]"
    case .array(let base, let shape):
      return "\(base.name) in arrays of \(shape.map(String.init).joined(separator: "x"))"
    case .opaque(let size, _): return "|V\(size)"
    case .unsupported(let what): return what
    }
  }
}
