/// YAML as alias files have it: block maps, lists and flow lists of plain or quoted texts, comments. What is more is refused.
struct YAMLReader {
  private struct Line {
    var number: Int
    var indent: Int
    var text: String
  }
  private let lines: [Line]

  init(_ text: String) throws(AliasFile.Invalid) {
    var lines: [Line] = []
    for (number, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = TextScanner.withoutComment(String(raw.last == "\r" ? raw.dropLast() : raw))
      let indent = content.prefix { $0 == " " }.count
      let body = content.dropFirst(indent)
      if body.isEmpty || body == "---" || body == "..." { continue }
      guard body.first != "\t" else {
        throw AliasFile.Invalid(description: "line \(number + 1) is indented with a tab")
      }
      lines.append(Line(number: number + 1, indent: indent, text: String(body)))
    }
    self.lines = lines
  }

  func document() throws(AliasFile.Invalid) -> AliasFile.Node {
    var index = 0
    guard let first = lines.first else { return .nothing }
    // A flow map or list may be the whole.
    let node = try block(&index, indent: first.indent)
    guard index == lines.count else { throw wrong(lines[index]) }
    return node
  }

  private func wrong(_ line: Line) -> AliasFile.Invalid {
    AliasFile.Invalid(description: "line \(line.number) is not understood: \(line.text)")
  }

  private func block(_ index: inout Int, indent: Int) throws(AliasFile.Invalid) -> AliasFile.Node {
    if lines[index].text.hasPrefix("- ") || lines[index].text == "-" { return try list(&index, indent: indent) }
    var entries: [AliasFile.Entry] = []
    while index < lines.count, lines[index].indent == indent {
      let line = lines[index]
      index += 1
      var scanner = TextScanner(line.text)
      guard let name = scanner.text(until: [":"]), scanner.take(":"), scanner.isAtEnd || scanner.next == " " else {
        throw wrong(line)
      }
      scanner.skipSpaces()
      if scanner.isAtEnd {
        guard index < lines.count,
          lines[index].indent > indent || (lines[index].indent == indent && lines[index].text.hasPrefix("- "))
        else {
          entries.append(AliasFile.Entry(name: name, value: .nothing))
          continue
        }
        entries.append(AliasFile.Entry(name: name, value: try block(&index, indent: lines[index].indent)))
      } else {
        guard let value = scanner.value(), scanner.isAtEnd else { throw wrong(line) }
        entries.append(AliasFile.Entry(name: name, value: value))
      }
    }
    if index < lines.count, lines[index].indent > indent { throw wrong(lines[index]) }
    return .map(entries)
  }

  private func list(_ index: inout Int, indent: Int) throws(AliasFile.Invalid) -> AliasFile.Node {
    var nodes: [AliasFile.Node] = []
    while index < lines.count, lines[index].indent == indent, lines[index].text.hasPrefix("- ") {
      var scanner = TextScanner(String(lines[index].text.dropFirst(2)))
      scanner.skipSpaces()
      guard let value = scanner.value(), scanner.isAtEnd else { throw wrong(lines[index]) }
      nodes.append(value)
      index += 1
    }
    return .list(nodes)
  }
}

/// TOML as alias files have it: texts, lists of texts, inline tables, and a table for the keys of a source.
struct TOMLReader {
  private let text: String
  init(_ text: String) { self.text = text }

  func document() throws(AliasFile.Invalid) -> AliasFile.Node {
    var entries: [AliasFile.Entry] = []
    var table: Int?
    for (number, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = TextScanner.withoutComment(String(raw.last == "\r" ? raw.dropLast() : raw))
      var scanner = TextScanner(content)
      scanner.skipSpaces()
      if scanner.isAtEnd { continue }
      let wrong = AliasFile.Invalid(description: "line \(number + 1) is not understood: \(content)")
      if scanner.take("[") {
        scanner.skipSpaces()
        guard let name = scanner.text(until: ["]"]), scanner.take("]") else { throw wrong }
        scanner.skipSpaces()
        guard scanner.isAtEnd else { throw wrong }
        table = entries.count
        entries.append(AliasFile.Entry(name: name, value: .map([])))
        continue
      }
      guard let name = scanner.text(until: ["="]), scanner.take("=") else { throw wrong }
      scanner.skipSpaces()
      guard let value = scanner.value(assigns: "="), scanner.isAtEnd else { throw wrong }
      if let table, case .map(var own) = entries[table].value {
        own.append(AliasFile.Entry(name: name, value: value))
        entries[table].value = .map(own)
      } else {
        entries.append(AliasFile.Entry(name: name, value: value))
      }
    }
    return .map(entries)
  }
}

/// Reads texts, quoted or not, and lists and tables in brackets.
struct TextScanner {
  private let characters: [Character]
  private var index = 0

  init(_ text: String) { characters = Array(text) }

  var isAtEnd: Bool { index >= characters.count }
  var next: Character? { isAtEnd ? nil : characters[index] }

  mutating func skipSpaces() { while next == " " || next == "\t" { index += 1 } }

  mutating func take(_ character: Character) -> Bool {
    guard next == character else { return false }
    index += 1
    return true
  }

  /// Without what follows a `#` that begins a word and is not quoted, and without spaces at the end.
  static func withoutComment(_ line: String) -> String {
    var quote: Character?
    var kept = ""
    var previous: Character = " "
    for character in line {
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "#", previous == " " || previous == "\t" {
        break
      } else if character == "\"" || character == "'", " \t[{,:=".contains(previous) {
        quote = character
      }
      kept.append(character)
      previous = character
    }
    while kept.last == " " || kept.last == "\t" { kept.removeLast() }
    return kept
  }

  /// A text in quotes, or up to one of the characters; a colon counts only where a space or the end follows.
  mutating func text(until ends: Set<Character>) -> String? {
    if let quote = next, quote == "\"" || quote == "'" {
      index += 1
      var text = ""
      while let character = next {
        index += 1
        if character == quote {
          skipSpaces()
          return text
        }
        if character == "\\", quote == "\"", let escaped = next {
          guard escaped == "\"" || escaped == "\\" else { return nil }
          index += 1
          text.append(escaped)
        } else {
          text.append(character)
        }
      }
      return nil
    }
    var text = ""
    while let character = next {
      if ends.contains(character) {
        let following = index + 1 < characters.count ? characters[index + 1] : " "
        if character != ":" || following == " " || ends.count > 1 && !ends.contains(":") { break }
      }
      text.append(character)
      index += 1
    }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    // What YAML and TOML have beside texts, lists and tables.
    return text.isEmpty || "&*!|>%@`{}[]".contains(text[text.startIndex]) ? nil : text
  }

  /// A text, a list, or a table whose names and values are parted by `assigns`.
  mutating func value(assigns: Character = ":", depth: Int = 0) -> AliasFile.Node? {
    guard depth < 8 else { return nil }
    skipSpaces()
    if take("[") {
      var nodes: [AliasFile.Node] = []
      while true {
        skipSpaces()
        if take("]") { break }
        guard let node = value(assigns: assigns, depth: depth + 1) else { return nil }
        nodes.append(node)
        skipSpaces()
        if !take(","), next != "]" { return nil }
      }
      skipSpaces()
      return .list(nodes)
    }
    if take("{") {
      var entries: [AliasFile.Entry] = []
      while true {
        skipSpaces()
        if take("}") { break }
        guard let name = text(until: [assigns]), take(assigns), let node = value(assigns: assigns, depth: depth + 1)
        else {
          return nil
        }
        entries.append(AliasFile.Entry(name: name, value: node))
        skipSpaces()
        if !take(","), next != "}" { return nil }
      }
      skipSpaces()
      return .map(entries)
    }
    let node = depth > 0 ? text(until: [",", "]", "}"]) : text(until: [])
    skipSpaces()
    return node.map { .text($0) }
  }
}
