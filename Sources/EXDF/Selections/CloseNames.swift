/// Finds what a name that is not there may have meant.
enum CloseNames {
  /// - Returns: the closest of `names`, or a pattern that would have found one; nil where none is close.
  static func suggestion(for text: String, among names: [String]) -> String? {
    let bare = text.filter { !"*?".contains($0) }
    guard !bare.isEmpty else { return nil }
    let lower = bare.lowercased()
    // A part of a name, which a glob has to say.
    for name in names {
      let characters = Array(name)
      let own = Array(bare)
      guard characters.count >= own.count else { continue }
      for start in 0...(characters.count - own.count) {
        let piece = String(characters[start..<(start + own.count)])
        if piece.lowercased() == lower { return piece == name ? name : "*\(piece)*" }
      }
    }
    let most = max(2, bare.unicodeScalars.count / 5)
    var best: (name: String, distance: Int)?
    for name in names.prefix(2000) {
      let distance = distance(lower, name.lowercased(), most: best.map { $0.distance - 1 } ?? most)
      if let distance { best = (name, distance) }
    }
    return best?.name
  }

  /// How many letters have to change; nil for more than `most`.
  private static func distance(_ first: String, _ second: String, most: Int) -> Int? {
    let (a, b) = (Array(first.unicodeScalars.prefix(300)), Array(second.unicodeScalars.prefix(300)))
    guard most >= 0, abs(a.count - b.count) <= most else { return nil }
    var row = Array(0...b.count)
    for (i, scalar) in a.enumerated() {
      var next = [i + 1]
      for (j, other) in b.enumerated() {
        next.append(min(row[j + 1] + 1, next[j] + 1, row[j] + (scalar == other ? 0 : 1)))
      }
      row = next
    }
    return row[b.count] <= most ? row[b.count] : nil
  }
}
