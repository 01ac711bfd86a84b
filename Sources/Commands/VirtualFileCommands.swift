internal import ArgumentParser
internal import EXDF
internal import HDF5
internal import Logging
internal import RunArrays
internal import Tree
internal import VirtualFiles

/// `xfelfs cxi RUN -o FILE`.
struct CXICommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cxi",
    abstract: "Write a CXI file of virtual datasets over a detector's modules, as EXtra-data's write_virtual_cxi does.")

  @Argument(help: "The run.") var source: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file")) var output:
    String
  @Flag(help: "Replace the file if it exists.") var force = false
  @Option(help: ArgumentHelp("Which detector, where the run has several.", valueName: "name")) var detector: String?
  @OptionGroup var selection: DetectorArguments
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Option(
    help: ArgumentHelp(
      "What stands where data, gain or mask are missing: decimal, hexadecimal, or nan.", valueName: "key=value"))
  var fillValue: [KeyFill] = []

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    let file = try AtomicFile(output, outside: RunGuard(sources: [source] + options.union), replacing: force)
    let logger = Logger.program()
    let tree = try OpenRun.run(
      source, options.request, detectors: DetectorOptions(selection: selection.selection), logger)
    let chosen = try choose(tree.stackedDetectors)
    let bytes: [UInt8]
    do throws(VirtualFileError) {
      bytes = try CXIFile.bytes(of: chosen, fills: try fills(for: chosen))
    } catch {
      throw Failure("\(chosen.name): \(error)")
    }
    try file.write(bytes)
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
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Flag(help: "Replace the file if it exists.") var force = false

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    let file = try AtomicFile(output, outside: RunGuard(sources: [source] + options.union), replacing: force)
    let tree = try OpenRun.run(source, options.request, Logger.program())
    let bytes: [UInt8]
    do throws(VirtualFileError) {
      bytes = try VirtualRunFile.bytes(of: tree.arrays)
    } catch {
      throw Failure(error.description)
    }
    try file.write(bytes)
  }
}
