import ExampleRun
import Glibc
import Testing

/// Where the run cannot be written, it says so and leaves nothing.
@Suite struct RefusalTests {
  @Test func refusesADirectoryThatIsNotEmpty() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    close(creat(path + "/notes.txt", 0o644))
    #expect(throws: ExampleRunError.notEmpty(directory: path)) { try ExampleRun.write(to: path) }
    #expect(TemporaryDirectory.names(in: path) == ["notes.txt"])
  }

  @Test func refusesADirectoryThatCannotBeMade() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/missing/run"
    #expect(
      throws: ExampleRunError.system(path: path, doing: "make the directory", reason: "No such file or directory")
    ) { try ExampleRun.write(to: path) }
    #expect(TemporaryDirectory.names(in: directory.path).isEmpty)
  }

  @Test func refusesAFile() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/file"
    close(creat(path, 0o644))
    let error = #expect(throws: ExampleRunError.self) { try ExampleRun.write(to: path) }
    #expect(error?.description == "cannot list \(path): Not a directory")
  }

  @Test func makesADirectoryOfItsOwn() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/run"
    try ExampleRun.write(to: path)
    #expect(TemporaryDirectory.names(in: path).count == 34)
  }

  @Test(.enabled(if: SmallDisk.isPossible, "mounting a small disk needs root"))
  func leavesNothingOnAFullDisk() throws {
    let directory = try TemporaryDirectory()
    let disk = try SmallDisk(at: directory.path, byteCount: 20_000_000)
    let error = #expect(throws: ExampleRunError.self) { try ExampleRun.write(to: disk.path + "/run") }
    #expect(error?.description.hasSuffix("No space left on device") == true)
    #expect(TemporaryDirectory.names(in: disk.path).isEmpty)
    // And the library is still usable.
    let elsewhere = try TemporaryDirectory()
    try ExampleRun.write(to: elsewhere.path)
  }
}

/// A file system in memory that is soon full.
private struct SmallDisk: ~Copyable {
  let path: String

  init(at path: String, byteCount: Int) throws {
    self.path = path
    try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0)
  }

  deinit { umount2(path, CInt(MNT_DETACH)) }

  static var isPossible: Bool {
    guard geteuid() == 0, let directory = try? TemporaryDirectory() else { return false }
    guard mount("tmpfs", directory.path, "tmpfs", 0, nil) == 0 else { return false }
    umount(directory.path)
    return true
  }
}
