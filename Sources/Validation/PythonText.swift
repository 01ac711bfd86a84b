internal import Glibc

/// Python's way of writing things, where messages are to be the same.
enum PythonText {
  /// `repr` of a string: in single quotes, unless it has such and no double ones.
  static func quoted(_ text: String) -> String {
    let usesDouble = text.contains("'") && !text.contains("\"")
    var quoted = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "'" where !usesDouble: quoted += "\\'"
      case let control where control.value < 0x20 || control.value == 0x7F:
        let digits = String(control.value, radix: 16)
        quoted += "\\x" + (digits.count == 1 ? "0" : "") + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return usesDouble ? "\"\(quoted)\"" : "'\(quoted)'"
  }
}

enum AbsolutePath {
  /// As Python's `abspath`: without `.`, `..` and doubled slashes, but links not followed.
  static func of(_ path: String) -> String {
    var whole = path
    if !path.hasPrefix("/"), let current = getcwd(nil, 0) {
      whole = String(cString: current) + "/" + path
      free(current)
    }
    var parts: [Substring] = []
    for part in whole.split(separator: "/") {
      switch part {
      case ".": continue
      case "..": if !parts.isEmpty { parts.removeLast() }
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// As Python's `join` of a directory and a name.
  static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }
}
