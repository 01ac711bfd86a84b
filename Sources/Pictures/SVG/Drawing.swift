/// An SVG file under construction (Scalable Vector Graphics 1.1): shapes and texts, without style sheets, scripts and references.
struct Drawing {
  private var text: String
  private static let end = "</svg>\n"

  init(width: Int, height: Int) {
    text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
      font-family="sans-serif" font-size="13">
      <rect width="\(width)" height="\(height)" fill="#ffffff"/>

      """
  }

  mutating func add(_ element: String) { text += element + "\n" }

  enum Anchor: String {
    case start, middle, end
  }

  /// - Parameter most: characters; of a longer text the end is left out.
  mutating func label(
    _ label: String, _ x: Double, _ y: Double, _ anchor: Anchor, isUpright: Bool = false, most: Int = 100
  ) {
    let place = "\(Self.number(x)) \(Self.number(y))"
    let transform = isUpright ? "translate(\(place)) rotate(-90)" : "translate(\(place))"
    let shown = label.count > most ? label.prefix(most - 1) + "\u{2026}" : label[...]
    add(#"<text transform="\#(transform)" text-anchor="\#(anchor.rawValue)">\#(Self.escaped(shown))</text>"#)
  }

  /// Bytes of the file, filled up to `size` with newlines.
  /// - Returns: nil where it is longer.
  func bytes(size: Int) -> [UInt8]? {
    let bytes = Array((text + Self.end).utf8)
    guard bytes.count <= size else { return nil }
    return bytes + [UInt8](repeating: 0x0A, count: size - bytes.count)
  }

  /// With one digit behind the point.
  static func number(_ value: Double) -> String {
    let text = Axis.decimal(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Control characters are none that XML has.
  private static func escaped(_ text: Substring) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default:
        let isText = scalar.value >= 0x20 && scalar.value != 0x7F && !(0xFFFE...0xFFFF ~= scalar.value)
        escaped.unicodeScalars.append(isText ? scalar : "\u{FFFD}")
      }
    }
    return escaped
  }
}
