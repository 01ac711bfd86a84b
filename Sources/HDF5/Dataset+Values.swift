internal import CHDF5

extension Dataset {
  /// Reads rows of a one-dimensional dataset as unsigned 64-bit integers.
  ///
  /// - Parameter limit: at most so many, from the first on; nil for all of them.
  /// - Throws: ``HDF5Error`` where the dataset has another rank or no integers in it.
  public borrowing func uint64s(
    limit: Int? = nil, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [UInt64] {
    let shape = try shape(library)
    if shape.count == 1, let values = smallChunkIntegers(min(shape[0], limit ?? shape[0], Self.mostRows), library) {
      return values
    }
    let type = try MemoryType.uint64(library)
    return try integers(limit: limit, as: type, library)
  }

  /// Reads rows of a one-dimensional dataset as signed 32-bit integers; see ``uint64s(limit:_:)``.
  public borrowing func int32s(
    limit: Int? = nil, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [Int32] {
    let type = try MemoryType.int32(library)
    return try integers(limit: limit, as: type, library)
  }

  /// A run of 2^26 trains would last 77 days: more rows than that in INDEX or METADATA are damage.
  private static var mostRows: Int { 1 << 26 }

  private borrowing func integers<Integer: FixedWidthInteger & BitwiseCopyable>(
    limit: Int?, as type: borrowing MemoryType, _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [Integer] {
    let shape = try shape(library)
    switch try datatype(library) {
    case .integer, .bitfield: break
    default: throw refusal("it holds no integers")
    }
    guard shape.count == 1 else { throw refusal("it has \(shape.count) dimensions, not 1") }
    let count = min(shape[0], limit ?? shape[0])
    guard count <= Self.mostRows else { throw refusal("it has \(count) rows, more than any run has trains") }
    var values = [Integer](repeating: 0, count: count)
    try read(start: [0], count: [count], as: type, into: &values, library)
    return values
  }

  /// Reads a block of elements into an array; see ``read(start:count:tile:as:into:_:)``.
  public borrowing func read<Element: BitwiseCopyable>(
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
  public borrowing func strings(_ library: borrowing HDF5Library) throws(HDF5Error) -> [[UInt8]] {
    let shape = try shape(library)
    return try strings(start: [Int](repeating: 0, count: shape.count), count: shape, library)
  }

  /// Reads a block of strings; see ``strings(_:)``.
  public borrowing func strings(
    start: [Int], count: [Int], _ library: borrowing HDF5Library
  ) throws(HDF5Error) -> [[UInt8]] {
    var elements = 1
    for extent in count {
      let (product, overflow) = elements.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw refusal("it has an absurd number of strings") }
      elements = product
    }
    guard elements <= Self.mostRows else { throw refusal("it has \(elements) strings, too many to hold") }
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
