internal import ArrayIO
internal import EXDF
internal import HDF5
internal import Reports
internal import RunArrays

/// `info.txt`: what a key is like, and how it is stored.
struct KeyInfo: KeyFile {
  let name = "info.txt"

  func content(of key: TreeKey) throws(TreeError) -> Content {
    key.cheap { arrays, source throws(ReadError) in try KeyReports.info(ofKey: key.number, of: source, in: arrays) }
  }
}

/// `array.npy`: all entries.
struct KeyArray: KeyFile {
  let name = "array.npy"
  let holdsValues = true

  func isListed(in key: TreeKey) throws(TreeError) -> Bool { try key.hasArray() }
  func content(of key: TreeKey) throws(TreeError) -> Content { .array(key.wholeArray()) }
}

/// `train_ids.npy`: the train of each entry.
struct KeyTrainIDs: KeyFile {
  let name = "train_ids.npy"

  func content(of key: TreeKey) throws(TreeError) -> Content {
    .array(ArrayContent { () throws(TreeError) in TrainIDArray(of: try key.index(), in: key.source.tree.run) })
  }
}

/// `counts.csv`: entries in each train of the run.
struct KeyCounts: KeyFile {
  let name = "counts.csv"

  func content(of key: TreeKey) throws(TreeError) -> Content {
    key.cheap { arrays, source throws(ReadError) in
      try KeyReports.counts(ofKey: key.number, of: source, in: arrays)
    }
  }
}

/// `values.csv`: one row for each entry of a scalar key.
struct KeyValues: KeyFile {
  let name = "values.csv"

  func isListed(in key: TreeKey) throws(TreeError) -> Bool {
    try reading { () throws(ReadError) in
      try KeyReports.hasValues(key.number, of: key.source.source, in: key.source.tree.arrays)
    }
  }

  func content(of key: TreeKey) throws(TreeError) -> Content {
    key.cheap { arrays, source throws(ReadError) in try KeyReports.values(ofKey: key.number, of: source, in: arrays) }
  }
}

extension TreeKey {
  fileprivate func cheap(_ make: @escaping @Sendable (RunArrays, Source) throws(ReadError) -> [UInt8]) -> Content {
    let (tree, source) = (source.tree, source.source)
    return tree.generated.cheap { () throws(ReadError) in try make(tree.arrays, source) }
  }
}
