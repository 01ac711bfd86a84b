internal import ArrayIO
internal import EXDF
internal import HDF5
internal import RunArrays
internal import VirtualFiles

extension RunTree {
  /// The names in `export/`.
  var exports: [(String, Node)] {
    [("virtual.h5", .export(.run))]
      + detectors.all.indices.filter { detectors.all[$0].name.utf8.count + 4 <= FileNames.longest }
      .map { ("\(detectors.all[$0].name).cxi", .export(.cxi($0))) }
  }

  /// A file of `export/`, which is made as a whole in the background: its size is known only then.
  func export(_ node: ExportNode) -> MadeText? {
    let arrays = arrays
    switch node {
    case .top: return nil
    case .run:
      return MadeText(virtualRun, progress: progress) { () throws(ReadError) in
        try Self.made(arrays.run.path, "virtual.h5") { () throws(VirtualFileError) in
          try VirtualRunFile.bytes(of: arrays)
        }
      }
    case .cxi(let number):
      guard let file = detectors.cxi(of: number) else { return nil }
      let detector = detectors.all[number]
      return MadeText(file, progress: progress) { () throws(ReadError) in
        try Self.made(arrays.run.path, "\(detector.name).cxi") { () throws(VirtualFileError) in
          try CXIFile.bytes(of: detector)
        }
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

  /// The newest of the files that it refers to.
  func modified(export node: ExportNode) -> Time {
    guard case .cxi(let number) = node else { return modified }
    return detectorModified(.detector(number))
  }
}
