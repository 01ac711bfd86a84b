public import HDF5
internal import Synchronization

extension Run {
  /// The attributes of a key's dataset; for the `.value` of a control source those of the property over them, which is where
  /// the DAQ writes them (EXDF.md 2.5).
  /// - Throws: ``HDF5/ReadError``.
  public func attributes(of key: Key, in source: Source) throws(ReadError) -> [String: AttributeValue] {
    guard let file = source.files.first else { return [:] }
    let answers = try hdf5.ask(files[file].reference, Self.attributeQuestions(key, source))
    do throws(HDF5Error) {
      return try Self.merged(answers)
    } catch {
      throw .damaged(error)
    }
  }

  /// The units of all keys of a source, in their order, in one visit; nil where the file names none.
  /// - Throws: ``HDF5/ReadError/passing(_:)`` alone.
  public func units(of source: Source) throws(ReadError) -> [String?] {
    if let units = source.cache.withLock({ $0.units }) { return units }
    guard let file = source.files.first else { return [] }
    let questions = try keys(of: source).map { Self.attributeQuestions($0, source) }
    var answers = try hdf5.ask(files[file].reference, questions.flatMap { $0 })[...]
    var units: [String?] = []
    for asked in questions {
      let own = Array(answers.prefix(asked.count))
      answers = answers.dropFirst(asked.count)
      units.append((try? Self.merged(own)).flatMap(Self.units(in:)))
    }
    source.cache.withLock { $0.units = units }
    return units
  }

  private static func attributeQuestions(_ key: Key, _ source: Source) -> [AttributesQuestion] {
    let own = AttributesQuestion(of: key.path)
    guard source.kind == .control, key.isValue, let slash = key.path.lastIndex(of: "/") else { return [own] }
    return [own, AttributesQuestion(of: String(key.path[..<slash]))]
  }

  private static func merged(_ answers: [Result<AttributeList, HDF5Error>]) throws(HDF5Error) -> [String:
    AttributeValue]
  {
    var attributes: [String: AttributeValue] = [:]
    for answer in answers { attributes.merge(try answer.get().values) { _, new in new } }
    return attributes
  }

  /// How a key is stored in one of its files.
  /// - Throws: ``HDF5/ReadError``.
  public func storage(of key: Key, inFile file: Int) throws(ReadError) -> Storage {
    try hdf5.answer(files[file].reference, StorageQuestion(key.path)).storage
  }

  /// The longest string of a key of variable-length strings, over all of its files.
  /// - Throws: ``HDF5/ReadError``.
  public func longestString(ofKey number: Int, of source: Source) throws(ReadError) -> Int {
    if let known = source.cache.withLock({ $0.stringLengths[number] }) {
      switch known {
      case .success(let length): return length
      case .failure(let error): throw .damaged(error)
      }
    }
    let index = try index(ofKey: number, of: source)
    let path = try keys(of: source)[number].path
    var longest = 0
    do throws(ReadError) {
      for segment in index.segments {
        let question = LongestStringQuestion(path, firstRow: segment.firstRow, rows: segment.entries)
        longest = max(longest, try hdf5.answer(files[segment.file].reference, question))
      }
    } catch .damaged(let error) {
      source.cache.withLock { $0.stringLengths[number] = .failure(error) }
      throw .damaged(error)
    }
    let length = longest
    source.cache.withLock { $0.stringLengths[number] = .success(length) }
    return length
  }

  /// The unit of a key with its prefix, such as `μJ`; nil where the file names none.
  public static func units(in attributes: [String: AttributeValue]) -> String? {
    guard case .string(let unit)? = attributes["unitSymbol"] else { return nil }
    guard case .string(let prefix)? = attributes["metricPrefixSymbol"] else { return unit }
    // The DAQ writes a u for micro.
    return (prefix == "u" ? "\u{03BC}" : prefix) + unit
  }

  /// The integers of some rows of a key in one file, one row after the other.
  /// - Throws: ``HDF5/ReadError`` where they cannot be read, or are no integers.
  func integers(ofKey number: Int, of source: Source, file: Int, rows: Range<Int>) throws(ReadError) -> [UInt64] {
    let key = try keys(of: source)[number]
    let reference = files[file].reference
    switch key.datatype {
    case .integer, .bitfield: break
    default: throw .damaged(file: reference.path, object: key.path, reason: "it holds no integers")
    }
    // As numbers of this machine, whatever the file has.
    let type = Datatype.integer(size: 8, signed: false, order: .little, isWhole: true)
    var values: [UInt64] = []
    var row = rows.lowerBound
    // The longest piece that a question may ask for, in whole rows.
    let elements = key.entryShape.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? Int.max : $0 * $1 }
    guard elements <= 1 << 24 else {
      throw .damaged(file: reference.path, object: key.path, reason: "it is too large to hold ids")
    }
    let step = max(1, (1 << 20) / max(1, elements))
    while row < rows.upperBound {
      let count = min(step, rows.upperBound - row)
      let block = try hdf5.answer(
        reference,
        BlockQuestion(
          key.path, start: [row] + key.entryShape.map { _ in 0 }, count: [count] + key.entryShape, .numpy(type)))
      block.bytes.withUnsafeBytes { bytes in
        for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
          values.append(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
      }
      row += count
    }
    return values
  }
}
