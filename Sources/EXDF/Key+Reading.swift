public import HDF5
internal import Synchronization

extension Run {
  /// The attributes of a key's dataset; for the `.value` of a control source those of the property over them, which is where
  /// the DAQ writes them (EXDF.md 2.5).
  /// - Throws: ``HDF5/ReadError``.
  public func attributes(of key: Key, in source: Source) throws(ReadError) -> [String: AttributeValue] {
    guard let file = try holder(of: key, in: source) else { return [:] }
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
    let keys = try keys(of: source)
    var units = [String?](repeating: nil, count: keys.count)
    // Nearly always one file, the first.
    var holders: [Int: [Int]] = [:]
    for (number, key) in keys.enumerated() {
      if let file = try holder(of: key, in: source) { holders[file, default: []].append(number) }
    }
    for (file, numbers) in holders {
      let questions = numbers.map { Self.attributeQuestions(keys[$0], source) }
      var answers = try hdf5.ask(files[file].reference, questions.flatMap { $0 })[...]
      for (number, asked) in zip(numbers, questions) {
        let own = Array(answers.prefix(asked.count))
        answers = answers.dropFirst(asked.count)
        units[number] = (try? Self.merged(own)).flatMap(Self.units(in:))
      }
    }
    let found = units
    source.cache.withLock { $0.units = found }
    return found
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
    var longest = 0
    do throws(ReadError) {
      for segment in index.segments {
        longest = max(longest, try longestString(try form(ofKey: number, of: source, inFile: segment.file), segment))
      }
    } catch .damaged(let error) {
      source.cache.withLock { $0.stringLengths[number] = .failure(error) }
      throw .damaged(error)
    }
    let length = longest
    source.cache.withLock { $0.stringLengths[number] = .success(length) }
    return length
  }

  /// The longest string among the entries of a key that have one form.
  /// - Throws: ``HDF5/ReadError``.
  public func longestString(_ form: KeyForm, ofKey number: Int, of source: Source) throws(ReadError) -> Int {
    var longest = 0
    for segment in try wholeIndex(ofKey: number, of: source).segments where form.files.contains(segment.file) {
      longest = max(longest, try longestString(form, segment))
    }
    return longest
  }

  /// The longest string of one file's rows; of fixed strings their length, whatever they hold.
  private func longestString(_ form: KeyForm, _ segment: TrainIndex.Segment) throws(ReadError) -> Int {
    if case .fixedString(let length, _, _) = form.datatype { return length }
    let question = LongestStringQuestion(form.path, firstRow: segment.firstRow, rows: segment.entries)
    return try hdf5.answer(files[segment.file].reference, question)
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
    let form = try form(ofKey: number, of: source, inFile: file)
    guard case .integer(_, let isSigned, _, _) = form.datatype else {
      throw .damaged(file: reference.path, object: form.path, reason: "it holds no integers")
    }
    // As numbers of this machine, whatever the file has.
    let type = Datatype.integer(size: 8, signed: isSigned, order: .little, isWhole: true)
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
          form.path, start: [row] + key.entryShape.map { _ in 0 }, count: [count] + key.entryShape, .numpy(type)))
      block.bytes.withUnsafeBytes { bytes in
        for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
          let bits = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
          // No id is below 0: h5py makes such a one 0, too.
          values.append(isSigned ? UInt64(clamping: Int64(bitPattern: bits)) : bits)
        }
      }
      row += count
    }
    return values
  }
}
