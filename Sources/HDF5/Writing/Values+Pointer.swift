extension Values {
  /// Calls `body` with the elements as libhdf5 takes them: numbers and bools side by side, strings as C pointers.
  func withPointer<R>(_ body: (UnsafeRawPointer?) -> R) -> R {
    switch self {
    case .numbers(_, let bytes): bytes.withUnsafeBytes { body($0.baseAddress) }
    case .bools(let bools): bools.map { Int8($0 ? 1 : 0) }.withUnsafeBytes { body($0.baseAddress) }
    case .strings(let strings), .unicode(let strings): Self.withPointers(to: strings, body)
    }
  }

  /// All strings in one stretch of memory, and a pointer to the start of each.
  private static func withPointers<R>(to strings: [String], _ body: (UnsafeRawPointer?) -> R) -> R {
    var characters: [CChar] = []
    var starts: [Int] = []
    for string in strings {
      starts.append(characters.count)
      characters += string.utf8CString
    }
    return characters.withUnsafeBufferPointer { buffer in
      starts.map { start in buffer.baseAddress.map { $0 + start } }.withUnsafeBytes { body($0.baseAddress) }
    }
  }
}
