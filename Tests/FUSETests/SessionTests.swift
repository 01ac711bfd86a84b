import Glibc
import Synchronization
import Testing

@testable import FUSE

@Suite struct SessionTests {
  private func fileSystem() -> TestFileSystem {
    TestFileSystem([("directory", .directory([])), ("file", .file(size: 3_000_000, how: .directly))])
  }

  @Test func detachKeepsOpenFilesWorking() throws {
    let fileSystem = fileSystem()
    let mounted = try Mounted(fileSystem)
    let descriptor = open(mounted.path + "/file", O_RDONLY)
    try mounted.session.detach()
    #expect(try MountTable.current().mount(at: mounted.path) == nil)
    #expect(readBytes(descriptor, 12_345, 2_000_000) == .success(TestFileSystem.bytes(12_345, 2_000_000)))
    usleep(20_000)
    #expect(!mounted.hasEnded)
    try mounted.session.detach()
    close(descriptor)
    #expect(try mounted.join() == .finished)
    // The session has let go of the file, whether the kernel's RELEASE came before the end or not.
    #expect(waitUntil { fileSystem.released.load(ordering: .relaxed) == 1 })
  }

  @Test func stopEndsOpenFiles() throws {
    let mounted = try Mounted(fileSystem())
    let descriptor = open(mounted.path + "/file", O_RDONLY)
    defer { close(descriptor) }
    #expect(try mounted.end() == .finished)
    #expect(readBytes(descriptor, 0, 10) == .failure(.notConnected))
  }

  @Test func unmountFromOutside() throws {
    let mounted = try Mounted(fileSystem())
    try MountPoint.unmount(mounted.path)
    #expect(try mounted.join() == .finished)
  }

  @Test func busyMountNamesItsUsers() throws {
    let mounted = try Mounted(fileSystem())
    let descriptor = open(mounted.path + "/file", O_RDONLY)
    let error = #expect(throws: MountError.self) { try MountPoint.unmount(mounted.path) }
    let message = try #require(error).message
    #expect(message.hasPrefix("\(mounted.path) is in use by "))
    #expect(message.contains("\(getpid()) ("))
    #expect(message.hasSuffix("xfelfs umount --lazy \(mounted.path)"))
    try MountPoint.unmount(mounted.path, lazy: true)
    close(descriptor)
    #expect(try mounted.join() == .finished)
  }

  @Test func replyAfterTheEnd() throws {
    let mounted = try Mounted(TestFileSystem([("slow", .file(size: 10, how: .fromOtherThread))]))
    let path = mounted.path
    let reader = startThread {
      let descriptor = open(path + "/slow", O_RDONLY)
      _ = readBytes(descriptor, 0, 10)
      close(descriptor)
    }
    #expect(try mounted.end() == .finished)
    pthread_join(reader, nil)
  }

  @Test func mountPointThatIsTaken() throws {
    try withMount(fileSystem()) { mounted in
      let error = #expect(throws: MountError.self) { try MountPoint.check(mounted.path) }
      #expect(error?.message.contains("is already mounted at \(mounted.path): unmount it with xfelfs umount") == true)
    }
  }

  @Test func unservedSessionLeavesNoMount() throws {
    let path = try Mounted.makeDirectory()
    defer { rmdir(path) }
    do {
      let session = try Session(fileSystem(), mountPoint: path)
      #expect(try MountTable.current().mount(at: session.mountPoint) != nil)
    }
    #expect(try MountTable.current().mount(at: path) == nil)
  }

  @Test func mountPointThroughLink() throws {
    let path = try Mounted.makeDirectory()
    let link = path + ".link"
    defer {
      unlink(link)
      rmdir(path)
    }
    #expect(symlink(path, link) == 0)
    let session = try Session(fileSystem(), mountPoint: link)
    #expect(session.mountPoint == path)
    try session.detach()
    #expect(try MountTable.current().mount(at: path) == nil)
  }

  @Test func missingMountPoint() {
    #expect(throws: MountError.self) { try Session(fileSystem(), mountPoint: "/tmp/there/is/no/such") }
  }

  @Test func readAhead() throws {
    var options = MountOptions()
    options.readAheadKilobytes = 2048
    try withMount(fileSystem(), options: options) { mounted in
      let device = try #require(try MountTable.current().mount(at: mounted.path)).device
      let path = "/sys/class/bdi/\(device)/read_ahead_kb"
      guard geteuid() == 0, access(path, W_OK) == 0 else { return }
      #expect(SystemFile.read(path) == "2048\n")
    }
  }

  /// A daemon that was killed leaves its mount, on which every look fails.
  @Test func deadMountIsNamedAndCleared() async throws {
    let path = "/tmp/fusetests.dead.\(getpid())"
    try #require(mkdir(path, 0o755) == 0)
    defer { rmdir(path) }
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let fileSystem = TestFileSystem([("file", .file(size: 1, how: .atOnce))])
      let session = try Session(fileSystem, mountPoint: "/tmp/fusetests.dead.\(getppid())")
      _ = try session.serve(threads: 1) { kill(getpid(), SIGKILL) }
    }
    #expect(failure(access(path, F_OK)) == .notConnected)
    let error = #expect(throws: MountError.self) { try MountPoint.check(path) }
    #expect(error?.message.contains("has lost its daemon") == true)
    #expect(error?.message.hasSuffix("xfelfs umount \(path) clears it") == true)
    try MountPoint.unmount(path)
    #expect(try MountPoint.check(path).path == path)
  }

  @Test func firstSignalDetaches() throws {
    let mounted = try Mounted(fileSystem(), handlingSignals: true)
    mounted.signal(SIGINT)
    #expect(try mounted.join() == .finished)
  }

  @Test func secondSignalStops() throws {
    let mounted = try Mounted(fileSystem(), handlingSignals: true)
    let descriptor = open(mounted.path + "/file", O_RDONLY)
    defer { close(descriptor) }
    mounted.signal(SIGTERM)
    let isDetached = waitUntil { (try? MountTable.current())?.mount(at: mounted.path) == nil }
    #expect(isDetached)
    #expect(readBytes(descriptor, 5, 1000) == .success(TestFileSystem.bytes(5, 1000)))
    #expect(!mounted.hasEnded)
    mounted.signal(SIGHUP)
    #expect(try mounted.join() == .finished)
    #expect(readBytes(descriptor, 5, 1000) == .failure(.notConnected))
  }

  /// In a process of its own, so that no other test's threads and files are counted.
  @Test func cyclesLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      func count(_ folder: String) -> Int { SystemFile.names(in: "/proc/self/\(folder)")?.count ?? -1 }
      var paths: Set<String> = []
      func cycle() throws {
        try withMount(TestFileSystem([("file", .file(size: 100_000, how: .atOnce))])) { mounted in
          paths.insert(mounted.path)
          let descriptor = open(mounted.path + "/file", O_RDONLY)
          defer { close(descriptor) }
          guard readBytes(descriptor, 0, 100_000) == .success(TestFileSystem.bytes(0, 100_000)) else { exit(3) }
        }
      }
      try cycle()
      let before = (count("fd"), count("task"))
      for _ in 0..<20 { try cycle() }
      let mounts = try MountTable.current().entries.count { paths.contains($0.mountPoint) }
      guard paths.count == 21, mounts == 0 else { exit(4) }
      guard count("fd") == before.0 else { exit(5) }
      // Threads that helped out elsewhere may come and go; three workers and a server for each cycle would be eighty.
      guard waitUntil({ count("task") <= before.1 + 4 }) else { exit(6) }
    }
  }
}
