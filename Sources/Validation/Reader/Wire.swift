/// What passes between a validating process and the processes that read for it: lengths and numbers of 64 bits, strings as UTF-8.
///
/// The other side may have been overwritten by what it was reading, so nothing in a message is believed.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ number: Int) { put(UInt64(bitPattern: Int64(number))) }

  mutating func put(_ number: UInt64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) {
    put(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func put(_ texts: [String]) {
    put(texts.count)
    for text in texts { put(text) }
  }

  mutating func put(_ numbers: [UInt64]) {
    put(numbers.count)
    for number in numbers { put(number) }
  }
}

struct WireReader {
  /// The message ends too early, or says what cannot be.
  struct Garbled: Error {}

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func number() throws(Garbled) -> UInt64 {
    guard bytes.count - position >= 8 else { throw Garbled() }
    let start = position
    position += 8
    return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: UInt64.self)) }
  }

  /// A count of things that take at least `size` bytes each.
  mutating func count(ofSize size: Int) throws(Garbled) -> Int {
    let count = try number()
    guard count <= UInt64((bytes.count - position) / size) else { throw Garbled() }
    return Int(count)
  }

  mutating func text() throws(Garbled) -> String {
    let count = try count(ofSize: 1)
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  mutating func texts() throws(Garbled) -> [String] {
    var texts: [String] = []
    for _ in 0..<(try count(ofSize: 8)) { texts.append(try text()) }
    return texts
  }

  mutating func numbers() throws(Garbled) -> [UInt64] {
    let count = try count(ofSize: 8)
    var numbers: [UInt64] = []
    numbers.reserveCapacity(count)
    for _ in 0..<count { numbers.append(try number()) }
    return numbers
  }
}

extension FileFindings {
  var wire: [UInt8] {
    var writer = WireWriter()
    writer.put(mayPass ? 1 : 0)
    writer.put(problems.count)
    for problem in problems {
      writer.put(problem.message)
      writer.put(problem.attributes.count)
      for (name, value) in problem.attributes {
        writer.put(name)
        writer.put(value)
      }
    }
    guard let contents else {
      writer.put(0)
      return writer.bytes
    }
    writer.put(1)
    writer.put(contents.trainIDs)
    writer.put(contents.controlSources)
    writer.put(contents.instrumentSources)
    writer.put(contents.trainsWithData.count)
    for (source, trains) in contents.trainsWithData {
      writer.put(source)
      writer.put(trains)
    }
    writer.put(contents.keys.count)
    for (source, keys) in contents.keys {
      writer.put(source)
      writer.put(keys.forms.count)
      for (form, trains) in zip(keys.forms, keys.trains) {
        writer.put(form.path)
        writer.put(form.type)
        writer.put(form.shape.map { UInt64(clamping: $0) })
        writer.put(trains)
      }
    }
    return writer.bytes
  }

  init(wire: [UInt8]) throws(WireReader.Garbled) {
    var reader = WireReader(wire)
    mayPass = try reader.number() != 0
    problems = []
    for _ in 0..<(try reader.count(ofSize: 16)) {
      var problem = Problem(try reader.text(), [:])
      for _ in 0..<(try reader.count(ofSize: 16)) {
        let name = try reader.text()
        problem.attributes[name] = try reader.text()
      }
      problems.append(problem)
    }
    guard try reader.number() != 0 else { return }
    var contents = FileContentsSummary(
      trainIDs: try reader.numbers(), controlSources: try reader.texts(), instrumentSources: try reader.texts(),
      trainsWithData: [:])
    for _ in 0..<(try reader.count(ofSize: 16)) {
      let source = try reader.text()
      contents.trainsWithData[source] = Int(truncatingIfNeeded: try reader.number())
    }
    for _ in 0..<(try reader.count(ofSize: 16)) {
      let source = try reader.text()
      var keys = SourceKeys()
      for _ in 0..<(try reader.count(ofSize: 32)) {
        let path = try reader.text()
        let type = try reader.text()
        keys.forms.append(
          SourceKeys.Form(path: path, type: type, shape: try reader.numbers().map { Int(clamping: $0) }))
        keys.trains.append(Int(clamping: try reader.number()))
      }
      contents.keys[source] = keys
    }
    self.contents = contents
  }
}
