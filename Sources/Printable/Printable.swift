/// Names, units and other texts come from files, and may have anything in them: an escape sequence would be obeyed by the terminal
/// that shows it, a newline would make one line of a log two. So nothing of the kind reaches what people read.
extension String {
  /// The text with its control characters (C0, DEL and C1) written as in C: `\n`, `\t`, `\x1b`. One line, whatever it was.
  public var printable: String { escapingControls(but: []) }

  /// The same with tabs, newlines and carriage returns as they are: for a text that may have several lines, such as a quoted field of
  /// a table.
  public var printableText: String { escapingControls(but: ["\t", "\n", "\r"]) }

  private func escapingControls(but kept: Set<Unicode.Scalar>) -> String {
    guard hasControls else { return self }
    var text = ""
    for scalar in unicodeScalars {
      guard scalar.properties.generalCategory == .control, !kept.contains(scalar) else {
        text.unicodeScalars.append(scalar)
        continue
      }
      switch scalar {
      case "\t": text += "\\t"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      default: text += "\\x" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
      }
    }
    return text
  }

  /// Whether there is any, by bytes: nearly no text has one. A C1 control is C2 and a byte from 80 to 9F.
  private var hasControls: Bool {
    var last: UInt8 = 0
    for byte in utf8 {
      if byte < 0x20 || byte == 0x7F || (last == 0xC2 && byte < 0xA0) { return true }
      last = byte
    }
    return false
  }
}
