internal import ArgumentParser
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import RunArrays
internal import RunTree
internal import VirtualFiles

/// `xfelfs cxi RUN -o FILE`.
struct CXICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cxi",
    abstract: "Write a CXI file of virtual datasets over a detector's modules, as EXtra-data's write_virtual_cxi does.")

  @Argument(help: "The run.") var source: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file")) var output:
    String
  @Option(help: ArgumentHelp("Which detector, where the run has several.", valueName: "name")) var detector: String?
  @OptionGroup var selection: DetectorArguments
  @Option(
    help: ArgumentHelp(
      "What stands where data, gain or mask are missing: decimal, hexadecimal, or nan.", valueName: "key=value"))
  var fillValue: [KeyFill] = []

  func run() throws {
    let logger = Logger.program()
    let tree = try OpenRun.tree(
      source, detectors: DetectorOptions(selection: selection.selection), logger)
    let chosen = try choose(tree.stackedDetectors)
    let bytes: [UInt8]
    do throws(VirtualFileError) {
      bytes = try CXIFile.bytes(of: chosen, fills: try fills(for: chosen))
    } catch {
      throw Failure("\(chosen.name): \(error)")
    }
    try WholeFile.write(bytes, to: output)
  }

  private func choose(_ detectors: [Detector]) throws(Failure) -> Detector {
    let names = detectors.map(\.name).joined(separator: ", ")
    if let detector {
      guard let found = detectors.first(where: { $0.name == detector }) else {
        throw Failure("the run has no detector \(detector)" + (names.isEmpty ? "" : "; it has \(names)"))
      }
      return found
    }
    guard let only = detectors.first else { throw Failure("the run has no multi-module detector") }
    guard detectors.count == 1 else {
      throw Failure("the run has several detectors: choose one with --detector: \(names)")
    }
    return only
  }

  /// By the name of the dataset: `data`, or `image.data` as the run calls it.
  private func fills(for detector: Detector) throws(VirtualFileError) -> [String: FillValue] {
    var fills: [String: FillValue] = [:]
    for (key, value) in KeyFill.dictionary(fillValue) {
      var name = key
      if key == detector.type.mainKey {
        name = "data"
      } else if key.hasPrefix(detector.type.group + ".") {
        name = String(key.dropFirst(detector.type.group.utf8.count + 1))
      }
      guard ["data", "gain", "mask"].contains(name) else {
        throw VirtualFileError("a CXI file has data, gain and mask, and no \(key) to fill")
      }
      fills[name] = value
    }
    return fills
  }
}

/// `xfelfs write-virtual RUN -o FILE`.
struct WriteVirtualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write-virtual",
    abstract: "Write one EXDF file of virtual datasets over the whole run, as EXtra-data's write_virtual does.")

  @Argument(help: "The run.") var source: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file")) var output:
    String

  func run() throws {
    let tree = try OpenRun.tree(source, Logger.program())
    let bytes: [UInt8]
    do throws(VirtualFileError) {
      bytes = try VirtualRunFile.bytes(of: tree.arrays)
    } catch {
      throw Failure(error.description)
    }
    try WholeFile.write(bytes, to: output)
  }
}

/// A file that is there as a whole or not at all.
enum WholeFile {
  static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    // Beside the target, so that the renaming does not leave its file system.
    let draft = "\(path).\(getpid()).part"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path) }
    var isDone = false
    defer { if !isDone { unlink(draft) } }
    do {
      defer { close(descriptor) }
      var done = 0
      while done < bytes.count {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure(path) }
        done += count
      }
      guard fsync(descriptor) == 0 else { throw failure(path) }
    }
    guard rename(draft, path) == 0 else { throw failure(path) }
    isDone = true
  }

  private static func failure(_ path: String) -> Failure {
    Failure("cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
