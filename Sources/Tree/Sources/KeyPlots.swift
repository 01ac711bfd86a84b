internal import ArrayIO
internal import EXDF
internal import HDF5
internal import Pictures

/// `plot.svg` of a source's keys, which is not listed but opens; the position is that of the key.
final class KeyPlots: LeafObject, SourceObject {
  static let name = "plot.svg"

  let identity: ObjectIdentity
  let source: TreeSource

  init(_ identity: ObjectIdentity, _ source: TreeSource) {
    self.identity = identity
    self.source = source
  }

  func isNode(at position: Int) throws(TreeError) -> Bool { try Self.exists(for: source.key(position)) }

  /// Whether a key has a plot: numbers, or one axis of them an entry.
  static func exists(for key: TreeKey) throws(TreeError) -> Bool {
    guard try key.exists(), try key.hasArray() else { return false }
    let description = try key.wholeArray().describe()
    return Plot.isScalar(description) || Plot.isCurve(description)
  }

  func content(at position: Int) throws(TreeError) -> Content {
    let key = source.key(position)
    let array = try key.wholeArray().open()
    let index = try key.index()
    let name = try key.key().name
    let (run, source) = (source.tree.run, source.source)
    return self.source.tree.generated.sized(Plot.size) { () throws(ReadError) in
      let attributes = try ReadError.unlessDamaged { () throws(ReadError) in
        try run.attributes(of: run.keys(of: source)[position], in: source)
      }
      let labels = Plot.Labels(title: "\(source.name) \(name)", units: attributes.flatMap(Run.units(in:)) ?? "")
      guard Plot.isScalar(array.description) else { return try Plot.curve(array, labels) }
      var trains: [UInt64] = []
      trains.reserveCapacity(index.entries)
      for segment in index.segments {
        for train in segment.firstTrain..<(segment.firstTrain + segment.trainCount) {
          for _ in 0..<segment.entriesPerTrain { trains.append(run.trainIDs[train]) }
        }
      }
      return try Plot.scalars(array, trains: trains, runTrains: run.trainIDs, labels)
    }
  }
}
