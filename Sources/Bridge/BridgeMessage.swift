internal import ArrayIO
internal import NPY
public import RunArrays

/// A train as the parts of one ZeroMQ message.
public struct BridgeMessage: Sendable {
  enum Part: Sendable {
    case bytes([UInt8])
    /// The memory of a large value, sent from where it lies.
    case value(Slab)
  }
  public let trainID: UInt64
  let parts: [Part]
}

/// Makes trains into messages of Karabo bridge.
public struct BridgeEncoder {
  /// Version 2.2 has a header and a body for each source and each array; 1.0 has all of it in one part.
  public enum Version: String, Sendable, CaseIterable {
    case current = "2.2"
    case first = "1.0"
  }

  /// The time that is said of each train.
  public enum Time: Sendable {
    /// Nanoseconds since 1970 UTC by the train's position; 0 where it is not known, and then not said.
    case recorded([UInt64])
    /// That of sending, as the dummy timestamps of Python's server.
    case present(@Sendable () -> UInt64)
  }

  private let names: [String]
  private let version: Version
  private let time: Time
  private let report: (String) -> Void
  /// What has been said to be left out.
  private var omissions: Set<String> = []

  /// - Parameter report: told in one sentence, once for each key, of what cannot be sent.
  public init(_ plan: TrainPlan, version: Version, time: Time, report: @escaping (String) -> Void) {
    self.init(plan.sources.map(\.name), version: version, time: time, report: report)
  }

  init(_ names: [String], version: Version, time: Time, report: @escaping (String) -> Void) {
    self.names = names
    self.version = version
    self.time = time
    self.report = report
  }

  public mutating func message(of train: TrainValues) -> BridgeMessage {
    let nanoseconds: UInt64 =
      switch time {
      case .recorded(let times): train.position < times.count ? times[train.position] : 0
      case .present(let now): now()
      }
    var sendable: [[TrainValue]] = []
    for (name, values) in zip(names, train.values) { sendable.append(values.filter { canSend($0, of: name) }) }
    let parts =
      version == .current
      ? partsOfCurrent(sendable, train.trainID, nanoseconds) : [partOfFirst(sendable, train.trainID, nanoseconds)]
    return BridgeMessage(trainID: train.trainID, parts: parts)
  }

  private mutating func canSend(_ value: TrainValue, of source: String) -> Bool {
    let reason: String
    if value.isText, !value.shape.isEmpty {
      reason = "the protocol has no arrays of strings"
    } else if value.element.bridgeName == nil {
      reason = "the protocol has no form for values of the type \(value.element.descriptor)"
    } else if version == .first, value.byteCount > MessagePack.mostBinary {
      reason = "protocol 1.0 has no form for arrays of more than 4 GiB"
    } else {
      return true
    }
    if omissions.insert("\(source)\n\(value.key)").inserted {
      report("\(source), \(value.key) is left out: \(reason)")
    }
    return false
  }

  // MARK: - Protocol 2.2

  private func partsOfCurrent(_ values: [[TrainValue]], _ train: UInt64, _ nanoseconds: UInt64) -> [BridgeMessage.Part]
  {
    var parts: [BridgeMessage.Part] = []
    for (name, values) in zip(names, values) {
      var scalars: [(key: String, scalar: BridgeScalar)] = []
      var arrays: [TrainValue] = []
      for value in values {
        if let scalar = BridgeScalar(value) { scalars.append((value.key, scalar)) } else { arrays.append(value) }
      }
      var header = MessagePack()
      header.put(map: 3)
      header.put("source")
      header.put(name)
      header.put("content")
      header.put("msgpack")
      header.put("metadata")
      Self.put(metadata: name, train, nanoseconds, into: &header)
      // Without the metadata that Python's server repeats here: the C++ client takes them for a value of unknown type.
      var body = MessagePack()
      body.put(map: scalars.count)
      for (key, scalar) in scalars {
        body.put(key)
        body.put(scalar)
      }
      parts += [.bytes(header.bytes), .bytes(body.bytes)]
      for value in arrays {
        parts.append(.bytes(Self.header(of: value, name)))
        if let slab = value.slab { parts.append(.value(slab)) } else { parts.append(.bytes(value.bytes)) }
      }
    }
    return parts
  }

  private static func header(of value: TrainValue, _ source: String) -> [UInt8] {
    var header = MessagePack()
    header.put(map: 5)
    header.put("source")
    header.put(source)
    header.put("content")
    header.put("array")
    header.put("path")
    header.put(value.key)
    header.put("dtype")
    header.put(value.element.bridgeName ?? "")
    header.put("shape")
    header.put(array: value.shape.count)
    for extent in value.shape { header.put(UInt64(extent)) }
    return header.bytes
  }

  // MARK: - Protocol 1.0

  private func partOfFirst(_ values: [[TrainValue]], _ train: UInt64, _ nanoseconds: UInt64) -> BridgeMessage.Part {
    var whole = MessagePack()
    whole.put(map: names.count)
    for (name, values) in zip(names, values) {
      whole.put(name)
      whole.put(map: values.count + 1)
      whole.put("metadata")
      Self.put(metadata: name, train, nanoseconds, into: &whole)
      for value in values {
        whole.put(value.key)
        Self.put(value, into: &whole)
      }
    }
    return .bytes(whole.bytes)
  }

  /// As the Python package msgpack-numpy has arrays and scalars; byte strings are bytes.
  private static func put(_ value: TrainValue, into whole: inout MessagePack) {
    if case .bytes(let text)? = BridgeScalar(value) {
      whole.put(binary: text, count: text.count)
      return
    }
    func put(bytes text: String) { whole.put(binary: text.utf8, count: text.utf8.count) }
    let isArray = !value.shape.isEmpty
    whole.put(map: isArray ? 5 : 3)
    put(bytes: "nd")
    whole.put(isArray)
    put(bytes: "type")
    whole.put(value.element.descriptor)
    if isArray {
      put(bytes: "kind")
      put(bytes: "")
      put(bytes: "shape")
      whole.put(array: value.shape.count)
      for extent in value.shape { whole.put(UInt64(extent)) }
    }
    put(bytes: "data")
    if let slab = value.slab {
      whole.put(binary: UnsafeRawBufferPointer(slab.bytes), count: slab.bytes.count)
    } else {
      whole.put(binary: value.bytes, count: value.byteCount)
    }
  }

  // MARK: - Metadata

  /// The time both as a number and as texts of seconds and attoseconds: the analysis programs read the one or the other.
  private static func put(
    metadata source: String, _ train: UInt64, _ nanoseconds: UInt64, into pack: inout MessagePack
  ) {
    pack.put(map: nanoseconds == 0 ? 2 : 5)
    pack.put("source")
    pack.put(source)
    pack.put("timestamp.tid")
    pack.put(train)
    guard nanoseconds != 0 else { return }
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    pack.put("timestamp")
    pack.put(Double(seconds) + Double(rest) / 1e9)
    pack.put("timestamp.sec")
    pack.put(String(seconds))
    pack.put("timestamp.frac")
    let digits = String(rest)
    pack.put(String(repeating: "0", count: 9 - digits.count) + digits + "000000000")
  }
}
