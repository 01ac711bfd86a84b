internal import HDF5
internal import Reports

/// `missing.csv`: what misses trains, worst first.
struct MissingTable: RunFile {
  let name = "missing.csv"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try RunTables.missing(of: run) }
  }
}
