internal import HDF5
internal import Reports

/// `info.txt`: what is in the run, for people.
struct RunInfoText: RunFile {
  let name = "info.txt"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try RunOverview(of: run).text }
  }
}

/// `info.json`: the same facts for programs, and the run's METADATA.
struct RunInfoJSON: RunFile {
  let name = "info.json"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try RunOverview(of: run).json() }
  }
}
