internal import EXDF
internal import HDF5
internal import Reports

/// `table.csv`, where sources were selected: the values of all scalar keys with at most one entry a train.
struct SelectionTable: RunFile {
  let name = "table.csv"

  func isListed(in tree: RunTree) -> Bool { tree.run.isSourceSelection }

  func content(of tree: RunTree) -> Content {
    let arrays = tree.arrays
    return tree.generated.background { () throws(ReadError) in try RunTables.table(of: arrays) }
  }
}
