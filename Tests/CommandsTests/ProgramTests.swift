import Commands
import Glibc
import TestRuns
import Testing

/// What the program exits with. That it says why, in one sentence, is tested from outside.
@Suite struct ProgramTests {
  /// The built program lies beside the tests, and reads their files.
  private func run(_ arguments: [String]) -> Int32 {
    let directory = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let beside = directory.joined(separator: "/") + "/xfelfs"
    return Program.run(arguments, worker: access(beside, X_OK) == 0 ? beside : ".build/debug/xfelfs")
  }

  @Test(arguments: [
    [], ["nonsense"], ["mount"], ["mount", "run"], ["mount", "run", "place", "more"],
    ["mount", "--threads", "0", "a", "b"],
    ["mount", "--threads", "257", "a", "b"], ["mount", "--threads", "x", "a", "b"],
    ["mount", "--cache-size", "5ß", "a", "b"],
    ["mount", "--cache-size", "-1", "a", "b"], ["mount", "--no-such-option", "a", "b"], ["mount", "-o"], ["umount"],
    ["info"],
    ["ls"], ["cat"], ["cat", "run"], ["cp"], ["cp", "run"], ["cp", "run", "path"], ["example"], ["--no-such-option"],
    ["info", "run", "more"],
  ])
  func wrongWordsAre64(_ arguments: [String]) {
    #expect(run(arguments) == 64)
  }

  @Test(arguments: [
    ["info", "/no/such/run"], ["ls", "/no/such/run"], ["cat", "/no/such/run", "info.txt"],
    ["mount", "/no/such/run", "/tmp"],
    ["cp", "/no/such/run", "info.txt", "/tmp"], ["info", "/tmp/no such.h5"], ["umount", "/no/such/place"],
    ["mount", "-o", "rw", "/tmp", "/tmp"], ["mount", "-o", "no_such_option", "/tmp", "/tmp"],
    ["example", "/proc/version/x"],
  ])
  func whatCannotBeDoneIs1(_ arguments: [String]) {
    #expect(run(arguments) == 1)
  }

  @Test func pathsThatAreNotThereAre1() throws {
    let directory = try TemporaryDirectory()
    for file in SmallRun.files() { try file.write(into: directory) }
    for path in [
      "none", "info.txt/x", "sources", "train_ids@99.npy", "train_ids@a.npy", "sources/S/XGM/1/keys/none/array.npy",
    ] {
      #expect(run(["cat", directory.path, path]) == 1, "\(path)")
    }
    #expect(run(["ls", directory.path, "none"]) == 1)
    #expect(run(["cp", directory.path, "info.txt", "train_ids.npy", "\(directory.path)/nowhere"]) == 1)
    #expect(run(["cp", directory.path, "info.txt", "/no/such/directory/x"]) == 1)
  }

  @Test func copiesWhatTheTreeHas() throws {
    let directory = try TemporaryDirectory()
    for file in SmallRun.files() { try file.write(into: directory) }
    let target = try TemporaryDirectory()
    #expect(
      run(["cp", directory.path, "train_ids.npy", "sources/S/XGM/1/keys/energy.value", "files", target.path])
        == 0)
    #expect(try target.read("train_ids.npy").count == 128 + 6 * 8)
    #expect(try target.read("energy.value/array.npy").count == 128 + 6 * 4)
    #expect(try target.read("energy.value/trains/10003.npy").count == 128 + 4)
    let name = "files/RAW-R0001-DA01-S00000.h5"
    // A link stays a link, to the run's own file.
    var status = stat()
    #expect(lstat("\(target.path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(run(["cp", directory.path, "train_ids@0:2.npy", "\(target.path)/two.npy"]) == 0)
    #expect(try target.read("two.npy").count == 128 + 16)
  }

  @Test(arguments: [["--help"], ["--version"], ["mount", "--help"], ["help", "ls"]])
  func helpIs0(_ arguments: [String]) {
    #expect(run(arguments) == 0)
  }
}
