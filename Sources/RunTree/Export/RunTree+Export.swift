internal import ArrayIO
internal import EXDF
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
  func export(_ node: ExportNode) -> (file: TreeDetectors.Text, make: @Sendable () -> Result<[UInt8], ArrayError>)? {
    let arrays = arrays
    switch node {
    case .top: return nil
    case .run:
      return (
        virtualRun,
        {
          Self.made(arrays.run.path, "virtual.h5") { () throws(VirtualFileError) in try VirtualRunFile.bytes(of: arrays)
          }
        }
      )
    case .cxi(let number):
      guard let file = detectors.cxi(of: number) else { return nil }
      let detector = detectors.all[number]
      return (
        file,
        {
          Self.made(arrays.run.path, "\(detector.name).cxi") { () throws(VirtualFileError) in
            try CXIFile.bytes(of: detector)
          }
        }
      )
    }
  }

  private static func made(
    _ run: String, _ name: String, _ make: () throws(VirtualFileError) -> [UInt8]
  ) -> Result<[UInt8], ArrayError> {
    do throws(VirtualFileError) {
      return .success(try make())
    } catch {
      return .failure(.damaged(file: run, object: "export/\(name)", reason: error.description))
    }
  }

  /// The newest of the files that it refers to.
  func modified(export node: ExportNode) -> Time {
    guard case .cxi(let number) = node else { return modified }
    return detectorModified(.detector(number))
  }
}
