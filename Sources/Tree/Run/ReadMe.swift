internal import EXDF
internal import HDF5
internal import Printable

/// `README.txt` at the root of a mounted run.
enum ReadMe {
  static func text(for run: Run) throws(ReadError) -> [UInt8] {
    // Names that exist, so that the lines can be pasted as they are.
    var sourceName = "SOURCE"
    var keyName = "KEY"
    for source in run.sources where source.legacyTarget == nil {
      // A damaged file costs its own sources, and not this text.
      guard let keys = try ReadError.unlessDamaged({ () throws(ReadError) in try run.keys(of: source) }) else {
        continue
      }
      guard let key = keys.first(where: \.isValue) ?? keys.first(where: { !$0.name.hasSuffix("trainId") }) ?? keys.first
      else { continue }
      (sourceName, keyName) = (source.name.printable, key.name)
      break
    }
    let train = run.trainIDs.first.map(String.init) ?? "TRAIN"
    let key = "sources/\(sourceName)/keys/\(keyName.printable)"
    return Array(
      """
      This is a European XFEL run as a directory tree. Everything in it is made on demand from the
      HDF5 files under files/; nothing is converted or copied, and nothing can be changed.

        info.txt  info.json          what is in the run
        trains.csv                   one row per train: id, time, whether it is suspect
        sources.csv  keys.csv        one row per source, one row per key
        missing.csv                  which sources miss trains, worst first
        train_ids.npy                the train ids as an array
        files/                       links to the HDF5 files
        validation.txt  .json        whether the files are sound; made when first opened. Of one file alone:
                                     files/NAME.h5.validation.txt, which opens without being listed
        locality.txt  .json          which files are on disk, and which on tape only
        sources/SOURCE/              by source: info.txt, counts.csv, table.csv, keys/
        sources/SOURCE/keys/KEY/     array.npy (all trains), trains/ID.npy (one train), values.csv
          mean.npy std.npy min.npy max.npy preview.png plot.svg trains/ID.png
                                     not listed but open: over all trains; of a slice, array@0:100.mean.npy
        trains/ID/SOURCE/KEY.npy     the same arrays, by train
        detectors/DETECTOR/          the modules of a detector stacked: info.txt, frames.csv, availability.npy, keys/
        detectors/DETECTOR/keys/KEY/ array.npy, trains/ID.npy, frames/ID/PULSE.npy
        aliases/NAME                 links: the beamline's names of sources and keys
        select/WHAT/  aligned/WHAT/  the part of the run that a name selects, as a tree of its own: select/README.txt
        export/                      virtual.h5 and DETECTOR.cxi: HDF5 files over the run, for h5py and CrystFEL

      Control characters in names and texts are written as \\x1b in .txt and .csv (tables keep tabs, newlines and
      carriage returns); the names of files, .npy and .json have them as they are.

      Paste these in the mount point.

      Shell
        cat info.txt
        grep -i intensity keys.csv
        column -s, -t < sources.csv | less
        head \(key)/counts.csv
        getfattr -d \(key)/array.npy

      Python
        import numpy as np
        a = np.load("\(key)/array.npy", mmap_mode="r")
        t = np.load("\(key)/trains/\(train).npy")
        s = np.load("\(key)/array@0:10.npy")        # a[0:10], and only that is read
        m = np.load("\(key)/mean.npy")              # over all trains, computed on all cores

      Julia
        using NPZ
        a = npzread("\(key)/array.npy")

      R (not RcppCNPy: it takes every array for 8-byte numbers, and says nothing)
        t <- read.csv("sources/\(sourceName)/table.csv")
        a <- reticulate::import("numpy")$load("\(key)/array.npy")

      MATLAB (npy-matlab)
        a = readNPY('\(key)/array.npy');

      C++ (cnpy)
        cnpy::NpyArray a = cnpy::npy_load("\(key)/array.npy");

      """.utf8)
  }
}
