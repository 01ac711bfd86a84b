import Glibc
import HDF5
import RawHDF5
import TestRuns
import Testing

@Suite struct FileTests {
  private func failure(_ path: String) throws -> HDF5Error {
    try #require(throws: HDF5Error.self) { try withFile(path) { (_, _) throws(HDF5Error) in } }
  }

  /// Why a file is not even opened.
  private func refusal(_ path: String) throws -> PassingError {
    let none = FileIdentity(path: path) ?? FileIdentity(path: "/").unsafelyUnwrapped
    return try #require(throws: PassingError.self) {
      try FileOpener().open(FileReference(path: path, identity: none))
    }
  }

  @Test func aMissingFileSaysSo() throws {
    let error = try refusal("/tmp/no such file.h5")
    #expect(error.file == "/tmp/no such file.h5" && error.cause == .system(errno: ENOENT) && error.object.isEmpty)
    #expect(error.description == "cannot read /tmp/no such file.h5: No such file or directory")
  }

  @Test func aDirectoryIsNoFile() throws {
    let directory = try TemporaryDirectory()
    #expect(try refusal(directory.path).reason == "it is not a regular file")
  }

  /// Opening a FIFO for reading waits for a writer unless it is told not to.
  @Test func aFIFOIsNotWaitedFor() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/fifo.h5"
    #expect(mkfifo(path, 0o600) == 0)
    #expect(try refusal(path).reason == "it is not a regular file")
  }

  @Test(arguments: [0, 1, 7, 8, 511, 4096])
  func aForeignFileIsRefused(_ length: Int) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("foreign.h5", Array(repeating: 0x41, count: length))
    let error = try failure(path)
    #expect(error.reason == "it is not an HDF5 file" && error.file == path)
  }

  @Test func aTruncatedFileIsRefused() throws {
    let made = try WrittenFile { file in
      try file.dataset("data", .uint8, shape: [10_000], .bytes(Array(repeating: 7, count: 10_000)))
    }
    let bytes = try made.directory.read("made.h5")
    let path = try made.directory.write("short.h5", Array(bytes[..<(bytes.count / 2)]))
    let error = try failure(path)
    #expect(error.reason.contains("truncated") && error.stack.count > 1)
  }

  @Test func anUnreadableFileIsRefused() throws {
    // Nothing is forbidden to root.
    guard geteuid() != 0 else { return }
    let made = try WrittenFile { try $0.group("g") }
    chmod(made.path, 0)
    #expect(try refusal(made.path).reason == "Permission denied")
  }

  @Test func missingObjectsAreNamed() throws {
    let made = try WrittenFile { try $0.group("a/b") }
    let error = try #require(throws: HDF5Error.self) {
      try withDataset("a/b/c", of: made.path) { (_, _) throws(HDF5Error) in }
    }
    #expect(error.file == made.path && error.object == "a/b/c" && error.operation == "open")
    #expect(error.description.contains("a/b/c"))
    #expect(throws: HDF5Error.self) { try withDataset("a/b", of: made.path) { (_, _) throws(HDF5Error) in } }
    #expect(throws: HDF5Error.self) {
      try withFile(made.path) { (file, library) throws(HDF5Error) in try file.links(in: "nowhere", library) }
    }
    #expect(throws: HDF5Error.self) {
      try withFile(made.path) { (file, library) throws(HDF5Error) in try file.datasets(below: "nowhere", library) }
    }
    #expect(throws: HDF5Error.self) {
      try withFile(made.path) { (file, library) throws(HDF5Error) in try file.attributes(of: "nowhere", library) }
    }
  }

  @Test func kindsAndLinks() throws {
    let other = try WrittenFile { try $0.dataset("far", .uint8, shape: [3], .bytes([1, 2, 3])) }
    let made = try WrittenFile { file in
      try file.dataset("group/data", .uint8, shape: [3], .bytes([4, 5, 6]))
      try file.softLink("soft", to: "/group/data")
      try file.softLink("dangling", to: "/group/nothing")
      try file.hardLink("hard", to: "group/data")
      try file.externalLink("external", to: "/far", in: other.path)
    }
    try withFile(made.path) { (file, library) throws(HDF5Error) in
      #expect(file.kind(of: "group", library) == .group)
      #expect(file.kind(of: "group/data", library) == .dataset)
      #expect(file.kind(of: "soft", library) == .dataset)
      #expect(file.kind(of: "external", library) == .dataset)
      #expect(file.kind(of: "dangling", library) == nil)
      #expect(file.kind(of: "nowhere/at/all", library) == nil)
      #expect(file.exists("hard", library) && !file.exists("dangling", library))
      #expect(file.link(at: "soft", library) == .soft(target: "/group/data"))
      #expect(file.link(at: "dangling", library) == .soft(target: "/group/nothing"))
      #expect(file.link(at: "hard", library) == .hard)
      #expect(file.link(at: "external", library) == .external(file: other.path, object: "/far"))
      #expect(file.link(at: "nothing", library) == nil)
      #expect(file.link(at: "nowhere/at/all", library) == nil)
      let names = try file.links(in: "/", library)
      #expect(names == ["dangling", "external", "group", "hard", "soft"])
      let far = try file.dataset("external", library)
      var bytes = [UInt8](repeating: 0, count: 3)
      try far.read(start: [0], count: [3], as: .numpy(try far.datatype(library), library), into: &bytes, library)
      #expect(bytes == [1, 2, 3])
    }
  }

  /// h5py's visititems, with which EXtra-data finds keys: neither soft nor external links, each object once.
  @Test func datasetsAreMetOnceAndLinksAreNotFollowed() throws {
    let made = try WrittenFile { file in
      for path in ["s/b/x", "s/a", "s/b/y", "elsewhere"] { try file.dataset(path, .uint8, shape: [1], .bytes([0])) }
      try file.softLink("s/soft", to: "/elsewhere")
      try file.hardLink("s/zz", to: "s/a")
      try file.group("s/empty")
    }
    try withFile(made.path) { (file, library) throws(HDF5Error) in
      let names = try file.datasets(below: "s", library)
      #expect(names == ["a", "b/x", "b/y"])
    }
  }

  @Test func userBlocksAreMeasured() throws {
    let directory = try TemporaryDirectory()
    let path = "\(directory.path)/user.h5"
    do { try RawFile(at: path, userBlock: 512).group("g") }
    try withFile(path) { (file, library) throws(HDF5Error) in
      #expect(file.userBlock(library) == 512)
      #expect(file.kind(of: "g", library) == .group)
    }
  }

  @Test func theLibraryHasAVersion() {
    #expect(HDF5Library.version.split(separator: ".").count == 3)
  }
}
