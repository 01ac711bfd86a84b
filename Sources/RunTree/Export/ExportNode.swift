/// A place in `export/`: HDF5 files over the run.
public enum ExportNode: Hashable, Sendable {
  case top
  /// `virtual.h5`: the whole run in one file.
  case run
  /// `<detector>.cxi`; the position of the detector in the tree.
  case cxi(Int)

  var kind: EntryKind { self == .top ? .directory : .file }

  /// As a number that stands above the kind in a ``NodeID``.
  var packed: UInt64 {
    switch self {
    case .top: 0
    case .run: 1
    case .cxi(let detector): 2 + UInt64(detector)
    }
  }

  init?(packed: UInt64) {
    switch packed {
    case 0: self = .top
    case 1: self = .run
    default: self = .cxi(Int(clamping: packed - 2))
    }
  }
}
