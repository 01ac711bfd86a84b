internal import CHDF5

extension Dataset {
  /// Reads a block of elements into an array; see ``read(start:count:tile:as:into:_:)``.
  package borrowing func read<Element: BitwiseCopyable>(
    start: [Int], count: [Int], as type: borrowing MemoryType, into output: inout [Element],
    _ library: borrowing HDF5Library
  ) throws(HDF5Error) {
    // A closure that throws a typed error does not pass through `withUnsafeMutableBytes`, so the error comes back as a value.
    let result = output.withUnsafeMutableBytes { buffer -> Result<Void, HDF5Error> in
      do throws(HDF5Error) {
        return .success(try read(start: start, count: count, as: type, into: buffer, library))
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Reads the strings of a dataset, fixed or variable.
  ///
  /// - Returns: one array of bytes per element, without padding, in C order.
  /// - Throws: ``HDF5Error`` where it holds no strings.
  package borrowing func strings(_ library: borrowing HDF5Library) throws(HDF5Error) -> [[UInt8]] {
    let shape = try shape(library)
    return try strings(start: [Int](repeating: 0, count: shape.count), count: shape, library)
  }

  /// Reads a block of strings; see ``strings(_:)``.
  package borrowing func strings(
    start: [Int], count: [Int], _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [[UInt8]] {
    var elements = 1
    for extent in count {
      let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw refusal("it has an absurd number of strings") }
      elements = product
    }
    guard elements <= Self.mostNumbers else { throw refusal("it has \(elements) strings, too many to hold") }
    try checkStored(elements, "strings", library)
    switch try datatype(library) {
    case .variableString(let isUTF8):
      return try variableStrings(start, count, elements: elements, isUTF8: isUTF8, library)
    case .fixedString(let length, _, _):
      return try fixedStrings(start, count, elements: elements, length: length, library)
    default: throw refusal("it holds no strings")
    }
  }

  private borrowing func variableStrings(
    _ start: [Int], _ count: [Int], elements: Int, isUTF8: Bool, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [[UInt8]] {
    let type = try MemoryType.variableString(isUTF8: isUTF8, library)
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: max(1, elements))
    pointers.initialize(repeating: nil, count: max(1, elements))
    // The strings are the library's, and go back to its allocator one by one; a failed read leaves some of them set.
    defer {
      for index in 0..<elements where pointers[index] != nil { H5free_memory(pointers[index]) }
      pointers.deallocate()
    }
    let bytes = UnsafeMutableRawBufferPointer(
      start: pointers, count: elements * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride)
    try read(start: start, count: count, as: type, into: bytes, library)
    return (0..<elements).map { index in
      guard let pointer = pointers[index] else { return [] }
      var length = 0
      while pointer[length] != 0 { length += 1 }
      return [UInt8](UnsafeRawBufferPointer(start: pointer, count: length))
    }
  }

  /// The length in bytes of the longest string in some rows, read a few thousand at a time.
  ///
  /// - Parameter isUniform: whether all of them are the same, so that one says it.
  borrowing func longestString(
    firstRow: Int, rows: Int, isUniform: Bool, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> Int {
    let shape = try shape(library)
    guard !shape.isEmpty, firstRow >= 0, rows >= 0, rows <= shape[0] - min(firstRow, shape[0]) else {
      throw refusal("rows are asked for that it does not have")
    }
    guard rows > 0, !shape.contains(0) else { return 0 }
    if isUniform {
      return try strings(start: [firstRow] + shape.dropFirst().map { _ in 0 }, count: shape.map { _ in 1 }, library)
        .map(\.count).max() ?? 0
    }
    // Blocks of whole rows of the last axes, as many axes as fit.
    var block = [rows] + shape.dropFirst()
    var elements = block.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1 }
    for axis in block.indices where elements > Self.stringsAtATime {
      let rest = block[(axis + 1)...].reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1 }
      block[axis] = max(1, min(block[axis], Self.stringsAtATime / rest))
      elements = rest == Int.max ? Int.max : block[axis] * rest
    }
    var longest = 0
    var start = [Int](repeating: 0, count: shape.count)
    let extent = [rows] + shape.dropFirst()
    while true {
      let count = zip(zip(start, block), extent).map { min($0.1, $1 - $0.0) }
      longest = max(
        longest,
        try strings(start: [start[0] + firstRow] + start.dropFirst(), count: count, library).map(\.count).max() ?? 0)
      // The next block, as an odometer counts.
      var axis = shape.count - 1
      start[axis] += block[axis]
      while start[axis] >= extent[axis] {
        guard axis > 0 else { return longest }
        start[axis] = 0
        axis -= 1
        start[axis] += block[axis]
      }
    }
  }

  private static var stringsAtATime: Int { 4096 }

  private borrowing func fixedStrings(
    _ start: [Int], _ count: [Int], elements: Int, length: Int, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [[UInt8]] {
    let (total, overflow) = elements.multipliedReportingOverflow(by: length)
    guard !overflow, total <= 1 << 30 else { throw refusal("its strings take more than 1 GiB") }
    let type = try MemoryType.numpy(try datatype(library), library)
    var bytes = [UInt8](repeating: 0, count: total)
    try read(start: start, count: count, as: type, into: &bytes, library)
    return (0..<elements).map { index in
      let field = bytes[(index * length)..<((index + 1) * length)]
      let end = field.lastIndex { $0 != 0 }.map { $0 + 1 } ?? field.startIndex
      return [UInt8](field[field.startIndex..<end])
    }
  }
}
