import ArrayIO
import EXDF
import HDF5
import RunArrays
import TestRuns

/// The arrays of a made run.
struct MadeArrays {
  let directory: TemporaryDirectory
  let arrays: RunArrays
  let reports: ReportList

  var run: Run { arrays.run }

  init(_ files: [MadeFile]) throws {
    let directory = try TemporaryDirectory()
    for file in files { try file.write(into: directory) }
    let reports = ReportList()
    let hdf5 = HDF5Files(inThisProcess: FileOpener())
    let run = try Run(path: directory.path, hdf5: hdf5) { reports.append($0) }
    arrays = RunArrays(run: run, store: DatasetStore(files: hdf5, cacheSize: 1 << 20))
    self.directory = directory
    self.reports = reports
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
