/// The header of a `.npy` file.
///
///     \x93NUMPY  major minor  length (2 or 4 bytes)  {'descr': '<u2', 'fortran_order': False, 'shape': (64, 2), }   \n
///
/// numpy.lib.format: the whole of it is padded with blanks to a multiple of 64 bytes, so that mapped data is aligned.
public enum Header {
  /// The bytes before the data. Version 1.0; 2.0 where the text is longer than 65,535 bytes; 3.0 where a field name is not
  /// Latin-1.
  public static func encode(_ element: ElementType, shape: [Int]) -> [UInt8] {
    let text = "{'descr': \(element.literal), 'fortran_order': False, 'shape': \(Shape.literal(shape)), }"
    let isLatin1 = text.unicodeScalars.allSatisfy { $0.value < 256 }
    let body = isLatin1 ? text.unicodeScalars.map { UInt8($0.value) } : Array(text.utf8)
    let shortPrefix = 10
    let short = padded(prefix: shortPrefix, body.count)
    let isShort = isLatin1 && short - shortPrefix <= Int(UInt16.max)
    let prefix = isShort ? shortPrefix : 12
    let total = isShort ? short : padded(prefix: prefix, body.count)
    let length = total - prefix
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [isShort ? 1 : isLatin1 ? 2 : 3, 0]
    for shift in 0..<(isShort ? 2 : 4) { bytes.append(UInt8(truncatingIfNeeded: length >> (8 * shift))) }
    bytes += body
    bytes += [UInt8](repeating: 0x20, count: total - bytes.count - 1)
    bytes.append(0x0A)
    return bytes
  }

  private static func padded(prefix: Int, _ body: Int) -> Int { (prefix + body + 1 + 63) / 64 * 64 }
}

/// Shapes as Python writes tuples.
public enum Shape {
  /// `()`, `(3,)`, `(3, 4)`.
  public static func literal(_ shape: [Int]) -> String {
    shape.count == 1 ? "(\(shape[0]),)" : "(" + shape.map(String.init).joined(separator: ", ") + ")"
  }
}

enum PythonLiteral {
  /// A string literal that `ast.literal_eval`, with which numpy reads the header, gives back unchanged.
  static func string(_ text: String) -> String {
    var literal = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'": literal += "\\'"
      case "\\": literal += "\\\\"
      case "\n": literal += "\\n"
      case "\r": literal += "\\r"
      case "\t": literal += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let digits = String(scalar.value, radix: 16)
          literal += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
        } else {
          literal.unicodeScalars.append(scalar)
        }
      }
    }
    return literal + "'"
  }
}
