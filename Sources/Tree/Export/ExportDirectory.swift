internal import EXDF
internal import HDF5
internal import RunArrays
internal import VirtualFiles

/// `export/`: HDF5 files over the run.
final class ExportDirectory: DirectoryObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func scope(at position: Int) -> FileScope { .detectors }
  func linkCount(at position: Int) -> Int { 2 }

  func children(at position: Int) -> Children {
    let files = owner.exportFiles
    let detectors = owner.detectors.all
    return .list(
      [Child("virtual.h5", Node(files, at: 0))]
        + detectors.indices.map { Child("\(detectors[$0].name).cxi", Node(files, at: $0 + 1)) }
        .filter { FileNames.fits($0.name) })
  }
}

/// The files in `export/`, which are made in the background: `virtual.h5` at position 0, then a `.cxi` for each detector.
final class ExportFiles: LeafObject, RunObject {
  let identity: ObjectIdentity
  let owner: RunTree

  init(_ identity: ObjectIdentity, _ tree: RunTree) {
    self.identity = identity
    owner = tree
  }

  func isNode(at position: Int) -> Bool { position <= owner.detectors.all.count }
  func scope(at position: Int) -> FileScope { position == 0 ? .run : .detector(position - 1) }

  /// The newest of the files that it refers to.
  func modified(at position: Int) -> Time {
    position == 0 || position > owner.detectors.all.count
      ? owner.modified : TreeDetector(owner, position - 1).modified
  }

  func content(at position: Int) -> Content {
    let arrays = owner.arrays
    guard position > 0 else {
      return owner.generated.background { () throws(ReadError) in
        try Self.made(arrays.run.path, "virtual.h5") { () throws(VirtualFileError) in
          try VirtualRunFile.bytes(of: arrays)
        }
      }
    }
    let detector = owner.detectors.all[position - 1]
    return owner.generated.background { () throws(ReadError) in
      try Self.made(arrays.run.path, "\(detector.name).cxi") { () throws(VirtualFileError) in
        try CXIFile.bytes(of: detector)
      }
    }
  }

  private static func made(
    _ run: String, _ name: String, _ make: () throws(VirtualFileError) -> [UInt8]
  ) throws(ReadError) -> [UInt8] {
    do throws(VirtualFileError) {
      return try make()
    } catch {
      if let passing = error.passing { throw .passing(passing) }
      if var damage = error.damage {
        damage.operation = "make export/\(name) from"
        throw .damaged(damage)
      }
      throw .damaged(file: run, object: "export/\(name)", reason: error.description)
    }
  }
}

extension RunTree {
  var exportDirectory: Node { Node(object("export") { ExportDirectory($0, self) }) }
  var exportFiles: ExportFiles { object("export/*") { ExportFiles($0, self) } }
}
