internal import CKernels
internal import NPY

/// How the elements of an array are calculated with.
struct Number {
  /// What the kernels take them for.
  var kind: ckernels_number
  /// In the array, in bytes.
  var size: Int
  var isSwapped: Bool
  /// Half precision is widened first.
  var isHalf: Bool

  static let double = ElementType.float(size: 8, bigEndian: false)

  /// - Returns: nil for what is no real number, or larger than 8 bytes.
  init?(_ element: ElementType) {
    size = element.size
    isHalf = false
    isSwapped = false
    switch element {
    case .boolean: kind = ckernels_u1
    case .integer(let size, let signed, let bigEndian):
      isSwapped = bigEndian && size > 1
      switch size {
      case 1: kind = signed ? ckernels_i1 : ckernels_u1
      case 2: kind = signed ? ckernels_i2 : ckernels_u2
      case 4: kind = signed ? ckernels_i4 : ckernels_u4
      case 8: kind = signed ? ckernels_i8 : ckernels_u8
      default: return nil
      }
    case .float(let size, let bigEndian):
      isSwapped = bigEndian
      isHalf = size == 2
      switch size {
      case 2, 4: kind = ckernels_f4
      case 8: kind = ckernels_f8
      default: return nil
      }
    default: return nil
    }
  }

  var isFloat: Bool { kind == ckernels_f4 || kind == ckernels_f8 }

  /// In bytes, as the kernels take them.
  var workingSize: Int { isHalf ? 4 : size }

  /// What is neither less nor greater than anything that comes: NaN, or the end of the type's range.
  ///
  /// - Parameter isLeast: whether the least number is looked for.
  func start(isLeast: Bool) -> [UInt8] {
    func bytes<T>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }
    func end<T: FixedWidthInteger>(_: T.Type) -> [UInt8] { bytes(isLeast ? T.max : T.min) }
    return switch kind {
    case ckernels_u1: end(UInt8.self)
    case ckernels_i1: end(Int8.self)
    case ckernels_u2: end(UInt16.self)
    case ckernels_i2: end(Int16.self)
    case ckernels_u4: end(UInt32.self)
    case ckernels_i4: end(Int32.self)
    case ckernels_u8: end(UInt64.self)
    case ckernels_i8: end(Int64.self)
    case ckernels_f4: bytes(Float.nan)
    default: bytes(Double.nan)
    }
  }
}
