/// The number of a node, as the kernel knows it: its parts packed into 64 bits.
///
///     63          38 37      22 21       6 5     0
///     |    train    |   key    |  source  | kind |
///
/// The root is 1, as FUSE wants it; 0 is nobody. Slices use everything above the kind for their number in the table, and
/// detectors for a numbering of their own (``DetectorNode``).
public struct NodeID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// More sources, keys of one source, or trains than this have no number.
  static let mostSources = 1 << 16
  static let mostKeys = 1 << 16
  static let mostTrains = 1 << 26

  private enum Kind: UInt64 {
    case root = 1
    case rootFile, files, fileLink, sources, sourcePath, source, sourceFile, keys, key, keyFile, keyTrains, keyTrain
    case trains, train, trainPath, trainSource, trainKey, slice
    case detector, export, fileReport
  }

  private init(kind: Kind, source: Int = 0, key: Int = 0, train: Int = 0) {
    rawValue = kind.rawValue | UInt64(source) << 6 | UInt64(key) << 22 | UInt64(train) << 38
  }

  public init(_ node: Node) {
    switch node {
    case .root: self.init(kind: .root)
    case .rootFile(let file): self.init(kind: .rootFile, source: Int(file.rawValue))
    case .files: self.init(kind: .files)
    case .fileLink(let file): self.init(kind: .fileLink, train: file)
    case .fileReport(let file): self.init(kind: .fileReport, train: file)
    case .sources: self.init(kind: .sources)
    case .sourcePath(let path): self.init(kind: .sourcePath, source: path)
    case .source(let source): self.init(kind: .source, source: source)
    case .sourceFile(let source, let file): self.init(kind: .sourceFile, source: source, key: Int(file.rawValue))
    case .keys(let source): self.init(kind: .keys, source: source)
    case .key(let source, let key): self.init(kind: .key, source: source, key: key)
    case .keyFile(let source, let key, let file):
      self.init(kind: .keyFile, source: source, key: key, train: Int(file.rawValue))
    case .keyTrains(let source, let key): self.init(kind: .keyTrains, source: source, key: key)
    case .keyTrain(let source, let key, let train): self.init(kind: .keyTrain, source: source, key: key, train: train)
    case .trains: self.init(kind: .trains)
    case .train(let train): self.init(kind: .train, train: train)
    case .trainPath(let train, let path): self.init(kind: .trainPath, source: path, train: train)
    case .trainSource(let train, let source): self.init(kind: .trainSource, source: source, train: train)
    case .trainKey(let train, let source, let key): self.init(kind: .trainKey, source: source, key: key, train: train)
    case .detector(let place): self.init(rawValue: Kind.detector.rawValue | place.packed << 6)
    case .export(let place): self.init(rawValue: Kind.export.rawValue | place.packed << 6)
    case .slice(let number): self.init(rawValue: Kind.slice.rawValue | number << 6)
    }
  }

  /// The node of a number that came from ``init(_:)``; nil for any other kind.
  public var node: Node? {
    guard let kind = Kind(rawValue: rawValue & 63) else { return nil }
    let source = Int(rawValue >> 6 & 0xFFFF)
    let key = Int(rawValue >> 22 & 0xFFFF)
    let train = Int(rawValue >> 38)
    switch kind {
    case .root: return .root
    case .rootFile: return RootFile(rawValue: UInt8(truncatingIfNeeded: source)).map { .rootFile($0) }
    case .files: return .files
    case .fileLink: return .fileLink(train)
    case .fileReport: return .fileReport(train)
    case .sources: return .sources
    case .sourcePath: return .sourcePath(source)
    case .source: return .source(source)
    case .sourceFile: return SourceFile(rawValue: UInt8(truncatingIfNeeded: key)).map { .sourceFile(source, $0) }
    case .keys: return .keys(source)
    case .key: return .key(source: source, key: key)
    case .keyFile:
      return KeyFile(rawValue: UInt8(truncatingIfNeeded: train)).map { .keyFile(source: source, key: key, $0) }
    case .keyTrains: return .keyTrains(source: source, key: key)
    case .keyTrain: return .keyTrain(source: source, key: key, train: train)
    case .trains: return .trains
    case .train: return .train(train)
    case .trainPath: return .trainPath(train: train, path: source)
    case .trainSource: return .trainSource(train: train, source: source)
    case .trainKey: return .trainKey(train: train, source: source, key: key)
    case .detector: return DetectorNode(packed: rawValue >> 6).map { .detector($0) }
    case .export: return ExportNode(packed: rawValue >> 6).map { .export($0) }
    case .slice: return .slice(rawValue >> 6)
    }
  }
}
