internal import ArrayIO
internal import HDF5
internal import Reports
internal import RunArrays

/// `trains.csv`: one row for each train.
struct TrainsTable: RunFile {
  let name = "trains.csv"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try RunTables.trains(of: run) }
  }
}

/// `sources.csv`: one row for each source.
struct SourcesTable: RunFile {
  let name = "sources.csv"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try RunTables.sources(of: run) }
  }
}

/// `keys.csv`: one row for each key.
struct KeysTable: RunFile {
  let name = "keys.csv"

  func content(of tree: RunTree) -> Content {
    let arrays = tree.arrays
    return tree.generated.background { () throws(ReadError) in try RunTables.keys(of: arrays) }
  }
}

/// `train_ids.npy`: the ids of all trains.
struct TrainIDsFile: RunFile {
  let name = "train_ids.npy"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return .array(ArrayContent { () throws(TreeError) in TrainIDArray(of: run) })
  }
}
