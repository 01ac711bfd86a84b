internal import ArgumentParser
internal import Glibc
internal import Printable
internal import Synchronization

/// A command that cannot do what it was asked: one sentence, and status 1.
struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// The program: parses, runs, and turns whatever went wrong into one line on stderr.
public enum Program {
  /// Wrong words get the status that BSD's sysexits has for them.
  private static let usageStatus: Int32 = 64

  /// The words of a command line. A link by the name of Python's bridge server is the command that does the same.
  public static func words(of arguments: [String]) -> [String] {
    let isServer = arguments.first?.split(separator: "/").last == "karabo-bridge-serve-files"
    return (isServer ? ["serve"] : []) + arguments.dropFirst()
  }

  /// Runs the command line, and returns the status to exit with.
  ///
  /// - Parameter worker: the program that reads HDF5 files in processes of its own; this one, unless a test says otherwise.
  public static func run(_ arguments: [String], worker: String = "/proc/self/exe") -> Int32 {
    OpenRun.workerExecutable.withLock { $0 = worker }
    guard !arguments.isEmpty else {
      say("no command given (see xfelfs --help)")
      return usageStatus
    }
    do {
      var command = try XfelfsCommand.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch let failure as Failure {
      say(failure.description)
      return 1
    } catch let code as ExitCode {
      return code.rawValue
    } catch {
      if XfelfsCommand.exitCode(for: error) == .success {
        print(XfelfsCommand.fullMessage(for: error))
        return 0
      }
      // ArgumentParser's own message is followed by the usage; a sentence is enough.
      let message = XfelfsCommand.message(for: error)
      let sentence = message.split(separator: "\n").first.map(String.init) ?? "wrong arguments"
      say("\(sentence) (see xfelfs --help)")
      return usageStatus
    }
  }

  private static func say(_ sentence: String) {
    // One line, whatever names are in it.
    let line = Array("xfelfs: \(sentence.printable)\n".utf8)
    _ = write(2, line, line.count)
  }
}
