internal import ArgumentParser
internal import HDF5

/// The hidden command that a worker process is started with; see `HDF5Worker`.
struct HDF5WorkerCommand: ParsableCommand {
  static let name = "read-hdf5"
  static let configuration = CommandConfiguration(
    commandName: name, abstract: "Read HDF5 files for another xfelfs.", shouldDisplay: false)

  func run() throws { throw ExitCode(HDF5Worker.run()) }
}
