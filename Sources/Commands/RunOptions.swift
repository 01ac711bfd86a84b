internal import ArgumentParser
internal import EXDF
internal import Glibc

/// The options that say what of which run: the same for every command that reads one (TREE.md, "What is mounted").
struct RunOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Another run that is made one with this one; again for more.", valueName: "source"))
  var union: [String] = []
  @Option(help: ArgumentHelp("Use only the files of this name, as a glob.", valueName: "glob")) var include: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Only these sources and keys, as globs; again for more.", valueName: "src[,key]"))
  var select: [String] = []
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Not these sources and keys, as globs; again for more.", valueName: "src[,key]"))
  var deselect: [String] = []
  @Option(
    help: ArgumentHelp("Only trains from id A up to but not including B, or those of a list.", valueName: "a:b|a,b"),
    transform: Self.ids)
  var trains: TrainSelection?
  @Option(
    help: ArgumentHelp("Only trains at these positions, as a Python slice.", valueName: "a:b:s"),
    transform: Self.positions)
  var trainIndex: TrainSelection?
  @Option(
    help: ArgumentHelp(
      "Only trains in which all of the selected sources have data, or any.", valueName: "all|any"),
    transform: Self.requirement)
  var require: Selection.Requirement?
  @Flag(help: "Leave out trains that the time server did not send (INDEX/flag).") var withoutSuspect = false
  @Option(
    help: ArgumentHelp(
      "The file with the beamline's names of sources and keys; that of the proposal where none is named.",
      valueName: "file"))
  var aliases: String?

  private static func ids(_ text: String) throws -> TrainSelection {
    do throws(TrainSelection.Invalid) {
      return try TrainSelection(ids: text)
    } catch {
      throw ValidationError("--trains: \(error.description)")
    }
  }

  private static func positions(_ text: String) throws -> TrainSelection {
    do throws(TrainSelection.Invalid) {
      return try TrainSelection(positions: text)
    } catch {
      throw ValidationError("--train-index: \(error.description)")
    }
  }

  private static func requirement(_ text: String) throws -> Selection.Requirement {
    guard let requirement = Selection.Requirement(rawValue: text) else {
      throw ValidationError("--require takes all or any")
    }
    return requirement
  }

  var request: RunRequest {
    var selection = Selection()
    selection.isWithoutSuspect = withoutSuspect
    selection.trains = [trains, trainIndex].compactMap { $0 }
    selection.select = select.map { SourcePattern($0) }
    selection.deselect = deselect.map { SourcePattern($0) }
    selection.requirement = require
    return RunRequest(union: union, include: include, selection: selection, aliases: aliases)
  }
}

/// What is wanted besides the run that a command names.
struct RunRequest: Sendable {
  var union: [String] = []
  var include: String?
  var selection = Selection()
  /// nil for the proposal's alias file, if it has one.
  var aliases: String?
}

extension RunRequest {
  /// The same by absolute paths: a daemon leaves the working directory.
  func resolved() throws(Failure) -> RunRequest {
    var request = self
    do throws(EXDFError) {
      request.union = []
      for source in union {
        // What stands for several directories is a number, which means the same everywhere.
        let paths = try RunSource(source).paths
        request.union.append(paths.count == 1 ? paths[0] : source)
      }
    } catch {
      throw Failure(error.description)
    }
    request.aliases = aliases.map { path in Self.absolute(path) }
    return request
  }

  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return "\(String(cString: directory))/\(path)"
  }
}
