import HDF5
import RawHDF5
import TestRuns

/// Opens a file through the product and gives it to `body`; a test's way to the library's lock.
func withFile<R: Sendable>(
  _ path: String, _ body: (borrowing File, borrowing HDF5Library) throws(HDF5Error) -> R
) throws(HDF5Error) -> R {
  try HDF5Library.withLock { (library) throws(HDF5Error) in
    try HDF5Library.openingByPath(library) { () throws(HDF5Error) in
      let file = try File(path: path, library)
      return try body(file, library)
    }
  }
}

/// Opens a dataset of a file.
func withDataset<R: Sendable>(
  _ object: String, of path: String,
  _ body: (borrowing Dataset, borrowing HDF5Library) throws(HDF5Error) -> R
) throws(HDF5Error) -> R {
  try withFile(path) { (file, library) throws(HDF5Error) in
    let dataset = try file.dataset(object, library)
    return try body(dataset, library)
  }
}

/// A file of a temporary directory, written and closed.
final class WrittenFile: Sendable {
  let directory: TemporaryDirectory
  let path: String

  init(_ write: (RawFile) throws -> Void) throws {
    directory = try TemporaryDirectory()
    path = "\(directory.path)/made.h5"
    try write(try RawFile(at: path))
  }
}
