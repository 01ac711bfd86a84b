internal import HDF5

/// `README.txt`: the tree explained, with lines to paste.
struct ReadMeFile: RunFile {
  let name = "README.txt"

  func content(of tree: RunTree) -> Content {
    let run = tree.run
    return tree.generated.background { () throws(ReadError) in try ReadMe.text(for: run) }
  }
}
