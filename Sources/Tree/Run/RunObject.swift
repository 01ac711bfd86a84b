/// What shows something of a run.
protocol RunObject: NodeObject {
  var owner: RunTree { get }
}

extension RunObject {
  var tree: RunTree? { owner }
  func modified(at position: Int) -> Time { owner.modified }
}

/// What shows something of one source: made from its files alone.
protocol SourceObject: NodeObject {
  var source: TreeSource { get }
}

extension SourceObject {
  var tree: RunTree? { source.tree }
  func scope(at position: Int) -> FileScope { .source(source.number) }
  func modified(at position: Int) -> Time { source.modified }
}

/// What shows something of one detector: made from the files of all its modules.
protocol DetectorObject: NodeObject {
  var detector: TreeDetector { get }
}

extension DetectorObject {
  var tree: RunTree? { detector.tree }
  func scope(at position: Int) -> FileScope { .detector(detector.number) }
  func modified(at position: Int) -> Time { detector.modified }
}
