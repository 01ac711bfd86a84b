internal import NPY

/// The elements of an array as numbers to draw.
enum Numbers {
  /// - Returns: nil where the elements are no real numbers, or the bytes end within one.
  static func floats(_ bytes: [UInt8], _ element: ElementType) -> [Float]? {
    convert(bytes, element) { Float($0) }
  }

  static func doubles(_ bytes: [UInt8], _ element: ElementType) -> [Double]? { convert(bytes, element) { $0 } }

  /// Whether there is something to draw.
  static func areDrawn(_ element: ElementType) -> Bool { convert([], element) { $0 } != nil }

  private static func convert<Result>(
    _ bytes: [UInt8], _ element: ElementType, _ result: (Double) -> Result
  ) -> [Result]? {
    guard element.size > 0, bytes.count.isMultiple(of: element.size) else { return nil }
    return bytes.withUnsafeBytes { bytes in
      func integers<T: FixedWidthInteger>(_: T.Type, _ big: Bool) -> [Result] {
        stride(from: 0, to: bytes.count, by: MemoryLayout<T>.size).map {
          let raw = bytes.loadUnaligned(fromByteOffset: $0, as: T.self)
          return result(Double(big ? T(bigEndian: raw) : T(littleEndian: raw)))
        }
      }
      func patterns<T: FixedWidthInteger>(_: T.Type, _ big: Bool, _ value: (T) -> Double) -> [Result] {
        stride(from: 0, to: bytes.count, by: MemoryLayout<T>.size).map {
          let raw = bytes.loadUnaligned(fromByteOffset: $0, as: T.self)
          return result(value(big ? T(bigEndian: raw) : T(littleEndian: raw)))
        }
      }
      switch element {
      case .boolean: return integers(UInt8.self, false)
      case .integer(1, let signed, _): return signed ? integers(Int8.self, false) : integers(UInt8.self, false)
      case .integer(2, let signed, let big): return signed ? integers(Int16.self, big) : integers(UInt16.self, big)
      case .integer(4, let signed, let big): return signed ? integers(Int32.self, big) : integers(UInt32.self, big)
      case .integer(8, let signed, let big): return signed ? integers(Int64.self, big) : integers(UInt64.self, big)
      case .float(2, let big): return patterns(UInt16.self, big) { Double(Float16(bitPattern: $0)) }
      case .float(4, let big): return patterns(UInt32.self, big) { Double(Float(bitPattern: $0)) }
      case .float(8, let big): return patterns(UInt64.self, big) { Double(bitPattern: $0) }
      default: return nil
      }
    }
  }
}
