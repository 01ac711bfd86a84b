/// The byte order of a number as it lies in the file.
public enum ByteOrder: Hashable, Sendable { case little, big }

/// How a fixed-length string ends when it is shorter than its field.
public enum StringPadding: Hashable, Sendable { case nullTerminated, nullPadded, spacePadded }

/// A datatype as the file describes it; a value, valid without the file.
///
/// HDF5 File Format Specification, section IV.A.2.d, "The Datatype Message".
public indirect enum Datatype: Hashable, Sendable {
  /// `isWhole`: every bit of it counts (precision = size); what is not is widened on reading.
  case integer(size: Int, signed: Bool, order: ByteOrder, isWhole: Bool)
  /// IEEE 754 of 2, 4 or 8 bytes, or the machine's long double of 16.
  case float(size: Int, order: ByteOrder)
  case fixedString(length: Int, padding: StringPadding, isUTF8: Bool)
  case variableString(isUTF8: Bool)
  case enumeration(base: Datatype, members: [String: Int64])
  case compound(size: Int, fields: [Field])
  case array(base: Datatype, shape: [Int])
  case opaque(size: Int, tag: String)
  /// Stored bits that numpy sees as unsigned integers.
  case bitfield(size: Int, order: ByteOrder)
  /// References, sequences of variable length, times, odd floats: with its name for messages.
  case unsupported(String)

  /// A member of a compound.
  public struct Field: Hashable, Sendable {
    public var name: String
    /// In bytes from the start of the compound.
    public var offset: Int
    public var type: Datatype
  }

  /// The size in bytes of one element in memory; nil for what has none of its own.
  public var size: Int? {
    switch self {
    case .integer(let size, _, _, _), .float(let size, _), .compound(let size, _), .opaque(let size, _),
      .bitfield(let size, _):
      return size
    case .fixedString(let length, _, _): return length
    case .enumeration(let base, _): return isBoolean ? 1 : base.size
    case .array(let base, let shape):
      guard var size = base.size else { return nil }
      for extent in shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        guard !overflow else { return nil }
        size = product
      }
      return size
    case .variableString, .unsupported: return nil
    }
  }

  /// h5py's convention for bool: an enum of exactly FALSE = 0 and TRUE = 1.
  public var isBoolean: Bool {
    if case .enumeration(_, let members) = self { return members == ["FALSE": 0, "TRUE": 1] }
    return false
  }

  /// Whether the bytes in the file are the bytes that a reader gets, so that they need not pass through libhdf5.
  public var isVerbatim: Bool {
    switch self {
    case .integer(_, _, _, let isWhole): return isWhole
    case .float(let size, _): return size <= 8
    case .fixedString(_, let padding, _): return padding == .nullPadded
    case .enumeration(let base, _): return base.isVerbatim && (!isBoolean || base.size == 1)
    case .compound(_, let fields): return fields.allSatisfy { $0.type.isVerbatim }
    case .array(let base, _): return base.isVerbatim
    case .opaque, .bitfield: return true
    case .variableString, .unsupported: return false
    }
  }
}
