internal import ArgumentParser
internal import EXDF
internal import Glibc
internal import HDF5
internal import Logging
internal import RunArrays
internal import Tree
internal import VirtualFiles

/// `xfelfs write RUN -o FILE`.
struct WriteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write a run, or what is selected of it, as an EXDF file of its own.",
    discussion: """
      The file has values, index, time stamps, flags, RUN values, units and all other attributes. Data are stored as in the run's \
      files: whole compressed chunks are copied as they are.
      """)

  @Argument(help: "The run.") var source: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file")) var output:
    String
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Option(
    help: ArgumentHelp(
      "Write several files of so many trains each: <file>-S00000.h5, <file>-S00001.h5 and so on.", valueName: "trains"))
  var sequences: Int?
  @Option(help: ArgumentHelp("Compress what is not compressed in the run, at this level.", valueName: "1-9"))
  var compress: Int?
  @Flag(help: "Replace the file if it exists.") var force = false

  func validate() throws {
    guard (1...9).contains(compress ?? 1) else { throw ValidationError("--compress takes a level from 1 to 9") }
    guard (sequences ?? 1) > 0 else { throw ValidationError("--sequences takes a number of trains") }
  }

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    let guards = RunGuard(sources: [source] + options.union)
    // Before the run is opened: a place that cannot be written is known at once.
    if sequences == nil { _ = try RunOutput.file(output, guards, force) }
    let run = try OpenRun.run(source, options.request, Logger.program()).arrays.run
    let pieces = RunOutput.pieces(output, trains: run.trainIDs.count, each: sequences)
    let files = try pieces.map { (try RunOutput.file($0.path, guards, force), $0.trains) }
    try RunOutput.write(RunCopy(of: run, compression: compress), files)
  }
}

/// `xfelfs write-frames RUN -o FILE --frames FILE`.
struct WriteFramesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "write-frames", abstract: "Write chosen frames of a run's detectors as an EXDF file of their own.",
    discussion: """
      The frames come as a CSV file with the columns train_id and pulse_id, as frames.csv has them. All modules keep the same frames; \
      what else the modules have is written of the trains with chosen frames.
      """)

  @Argument(help: "The run.") var source: String
  @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file")) var output:
    String
  @Option(help: ArgumentHelp("The frames: a CSV file, or - for the standard input.", valueName: "file")) var frames:
    String
  @Flag(help: "Write the other sources of these trains, too.") var withSources = false
  @OptionGroup(title: "What of the run") var options: RunOptions
  @Option(help: ArgumentHelp("Compress what is not compressed in the run, at this level.", valueName: "1-9"))
  var compress: Int?
  @Flag(help: "Replace the file if it exists.") var force = false

  func validate() throws {
    guard (1...9).contains(compress ?? 1) else { throw ValidationError("--compress takes a level from 1 to 9") }
  }

  func run() throws {
    Drafts.shared.removeWhenInterrupted()
    let guards = RunGuard(sources: [source] + options.union)
    let file = try RunOutput.file(output, guards, force)
    let pairs = try FrameList.read(frames)
    let logger = Logger.program()
    var request = options.request
    // Only trains with chosen frames: by id, so that what is left of the run is a run of its own.
    let first = try OpenRun.run(source, request, logger)
    let names = Set(try detectors(of: first).flatMap { $0.modules.map(\.source.name) })
    let ids = Set(pairs.map(\.train)).filter { first.arrays.run.position(ofTrain: $0) != nil }.sorted()
    guard !ids.isEmpty else { throw Failure("none of the \(pairs.count) frames is in a train of the run") }
    do throws(TrainSelection.Invalid) {
      request.selection.trains.append(try TrainSelection(ids: ids.map(String.init).joined(separator: ",")))
    } catch {
      throw Failure(error.description)
    }
    if !withSources { request.selection.select += names.sorted().map { SourcePattern(source: $0) } }
    let tree = try OpenRun.run(source, request, logger)
    let chosen = try choice(pairs, tree)
    try RunOutput.write(
      RunCopy(of: tree.arrays.run, frames: chosen, compression: compress), [(file, 0..<tree.arrays.run.trainIDs.count)])
    if chosen.missing > 0 {
      logger.warning("\(chosen.missing) of the \(pairs.count) pairs of train and pulse are not in the run")
    }
  }

  private func detectors(of tree: RunTree) throws(Failure) -> [Detector] {
    let detectors = tree.stackedDetectors.filter { $0.type.pulseKey != nil }
    guard !detectors.isEmpty else { throw Failure("the run has no multi-module detector with pulse ids") }
    return detectors
  }

  private func choice(_ pairs: Set<FrameChoice.Pair>, _ tree: RunTree) throws(Failure) -> FrameChoice {
    let detectors = try detectors(of: tree)
    do throws(VirtualFileError) {
      return try FrameChoice(pairs, of: detectors)
    } catch {
      throw Failure(error.description)
    }
  }
}

/// Frames as a user lists them.
enum FrameList {
  /// Reads a CSV file with the columns train_id and pulse_id; what other columns it has makes no difference.
  static func read(_ path: String) throws(Failure) -> Set<FrameChoice.Pair> {
    let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    func failure() -> Failure { Failure("cannot read \(path): \(String(cString: strerror(errno)))") }
    guard descriptor >= 0 else { throw failure() }
    defer { if path != "-" { close(descriptor) } }
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      text += block[..<count]
    }
    var columns: (train: Int, pulse: Int)?
    var pairs: Set<FrameChoice.Pair> = []
    for (number, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let fields = line.split(separator: 0x2C, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self).filter { !" \t\r\"".contains($0) }
      }
      if fields.allSatisfy(\.isEmpty) { continue }
      guard let known = columns else {
        guard let train = fields.firstIndex(of: "train_id"), let pulse = fields.firstIndex(of: "pulse_id") else {
          throw Failure("\(path) has no columns train_id and pulse_id in its first line")
        }
        columns = (train, pulse)
        continue
      }
      guard max(known.train, known.pulse) < fields.count, let train = UInt64(fields[known.train]),
        let pulse = UInt64(fields[known.pulse])
      else { throw Failure("\(path) has no train and pulse in line \(number + 1)") }
      pairs.insert(FrameChoice.Pair(train: train, pulse: pulse))
    }
    guard !pairs.isEmpty else { throw Failure("\(path) lists no frames") }
    return pairs
  }
}
