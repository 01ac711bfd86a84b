internal import ArgumentParser
internal import FUSE
internal import HDF5

/// `xfelfs`: the commands.
struct XfelfsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xfelfs",
    abstract: "A European XFEL run as a directory tree, made on demand from its HDF5 files.",
    discussion: """
      RUN is a run directory, or one file, in the European XFEL data format (EXDF). PATH is a path in the tree, such as \
      sources/SPB_XTD9_XGM/DOOCS/MAIN/table.csv.
      """,
    version: "xfelfs \(Version.text), libfuse \(Session.libraryVersion), HDF5 \(HDF5Library.version)",
    subcommands: [
      MountCommand.self, UnmountCommand.self, InfoCommand.self, ListCommand.self, CatCommand.self, CopyCommand.self,
      ValidateCommand.self, LocalityCommand.self, CXICommand.self, WriteCommand.self, WriteFramesCommand.self,
      WriteVirtualCommand.self, ServeCommand.self,
      ExampleCommand.self, ReadFilesCommand.self, HDF5WorkerCommand.self,
    ])
}

enum Version {
  static let text = "0.1.0"
}
