import ArrayIO
import FUSE
import Glibc
import TestRuns
import Testing

@testable import Commands

/// Where outputs go. What the commands make of it is tested from outside.
@Suite struct OutputTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write("file", [1])
    #expect(mkdir("\(directory.path)/below", 0o755) == 0)
    #expect(symlink("below/../file", "\(directory.path)/link") == 0)
    #expect(symlink("below/new", "\(directory.path)/dangling") == 0)
  }

  private func place(_ name: String) throws -> OutputPlace { try OutputPlace("\(directory.path)/\(name)") }

  @Test func namesAndOccupants() throws {
    let file = try place("file")
    #expect(file.name == "file" && file.occupant == .file)
    #expect(file.inode == Inode(path: file.path) && file.directory.inode == Inode(path: directory.path))
    for name in ["below//", "below/.", "below/../below", "", "/", ".", "below/.."] {
      #expect(try place(name).occupant == .directory, "\(name)")
      #expect(try place(name).inode == Inode(path: "\(directory.path)/\(name)"), "\(name)")
    }
    #expect(try place("new").occupant == .nothing && place("new").inode == nil)
    #expect(try OutputPlace("/dev/null").occupant == .stream)
    #expect(throws: Failure.self) { try place("none/new") }
    #expect(throws: Failure.self) { try place("file/new") }
  }

  @Test func linksAreFollowed() throws {
    #expect(try place("link").name == "file")
    #expect(try place("link").inode == Inode(path: "\(directory.path)/file"))
    let dangling = try place("dangling")
    #expect(dangling.name == "new" && dangling.occupant == .nothing)
    #expect(dangling.directory.inode == Inode(path: "\(directory.path)/below"))
    #expect(try OutputPlace("\(directory.path)/link", followsLinks: false).occupant == .link)
    #expect(symlink("loop", "\(directory.path)/loop") == 0)
    #expect(throws: Failure.self) { try place("loop") }
  }

  @Test func descriptors() throws {
    let number = open("\(directory.path)/file", O_WRONLY)
    defer { close(number) }
    for path in ["/dev/fd/\(number)", "/proc/self/fd/\(number)"] {
      let place = try OutputPlace(path)
      #expect(place.occupant == .descriptor(number) && place.inode == Inode(path: "\(directory.path)/file"))
    }
  }

  @Test func guardOfARun() throws {
    let run = try TemporaryDirectory()
    try run.write("data.h5", [])
    try run.write("notes", [])
    #expect(link("\(run.path)/notes", "\(directory.path)/hard") == 0)
    #expect(symlink(run.path, "\(directory.path)/run") == 0)
    let runs = RunGuard(runs: [run.path])
    for name in ["hard", "run", "run/new", "run/data.h5"] {
      #expect(throws: Failure.self, "\(name)") { try runs.check(place(name)) }
    }
    for name in ["file", "link", "dangling", "new"] { try runs.check(place(name)) }
    // Nothing is kept from where there is no run.
    try RunGuard(runs: ["/no/such/run"]).check(place("run/new"))
  }

  /// Of a run that is one file, what lies beside it belongs to the run only where the names say so.
  @Test func guardOfAFile() throws {
    let run = try TemporaryDirectory()
    let file = try run.write("overview.h5", [])
    try run.write("other", [])
    #expect(throws: Failure.self) { try RunGuard(runs: [file]).check(OutputPlace(file)) }
    try RunGuard(runs: [file]).check(OutputPlace("\(run.path)/other"))
    #expect(symlink(file, "\(run.path)/RAW-R0001-DA01-S00000.h5") == 0)
    try RunGuard(runs: [file]).check(OutputPlace("\(run.path)/other"))
    try run.write("RAW-R0001-DA01-S00001.h5", [])
    for runs in [RunGuard(runs: [file]), RunGuard()] {
      #expect(throws: Failure.self) { try runs.check(OutputPlace("\(run.path)/other")) }
      #expect(throws: Failure.self) { try runs.check(OutputPlace("\(run.path)/new")) }
    }
  }

  @Test func whatFailsLeavesWhatWasThere() throws {
    let path = "\(directory.path)/file"
    #expect(throws: Failure.self) { try AtomicFile(path, outside: RunGuard(), replacing: false) }
    let file = try AtomicFile(path, outside: RunGuard(), replacing: true)
    #expect(throws: Failure.self) {
      try file.write { (descriptor) throws(Failure) in
        try Output.write(BytesSource([2, 3]), to: descriptor, "")
        throw Failure("the source is broken")
      }
    }
    #expect(try directory.read("file") == [1])
    try file.write([2, 3])
    #expect(try directory.read("file") == [2, 3])
    // What appears between the look and the writing stays.
    let late = try AtomicFile("\(directory.path)/late", outside: RunGuard(), replacing: false)
    try directory.write("late", [4])
    #expect(throws: Failure.self) { try late.write([5]) }
    #expect(try directory.read("late") == [4])
    let names = SystemFile.names(in: directory.path)
    #expect(names?.sorted() == ["below", "dangling", "file", "late", "link"])
  }
}
