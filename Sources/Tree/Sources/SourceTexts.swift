internal import EXDF
internal import HDF5
internal import Reports

/// `info.txt`: what a source is, and what keys it has.
struct SourceInfo: SourceFile {
  let name = "info.txt"

  func content(of source: TreeSource) -> Content {
    source.tree.generated.cheap { () throws(ReadError) in
      try SourceReports.info(of: source.source, in: source.tree.arrays)
    }
  }
}

/// `counts.csv`: entries in each train, one column for each index group.
struct SourceCounts: SourceFile {
  let name = "counts.csv"

  func content(of source: TreeSource) -> Content {
    source.tree.generated.cheap { () throws(ReadError) in
      try SourceReports.counts(of: source.source, in: source.tree.run)
    }
  }
}

/// `table.csv`: the values of all scalar keys with at most one entry a train.
struct SourceTable: SourceFile {
  let name = "table.csv"

  func content(of source: TreeSource) -> Content {
    source.tree.generated.cheap { () throws(ReadError) in
      try SourceReports.table(of: source.source, in: source.tree.arrays)
    }
  }
}

/// `run.csv`: the values of a control source at the start of the run.
struct SourceRunValues: SourceFile {
  let name = "run.csv"

  func isListed(in source: Source) -> Bool { source.kind == .control }

  func content(of source: TreeSource) -> Content {
    source.tree.generated.cheap { () throws(ReadError) in
      try SourceReports.runValues(of: source.source, in: source.tree.run)
    }
  }
}
