import Glibc
import Synchronization
import TestRuns
import Testing
import Threads

@testable import Access

@Suite struct ShownModeTests {
  private func file(_ permissions: UInt32, _ owner: UInt32 = 7, _ group: UInt32 = 8, list: Bool = false) -> FileMode {
    FileMode(permissions: permissions, owner: owner, group: group, hasAccessList: list)
  }
  private func shown(_ files: [FileMode], in directories: [FileMode] = []) -> ShownMode {
    ShownMode(of: files, in: directories)
  }

  @Test func oneFileShowsItsOwn() {
    let mode = shown([file(0o640)])
    #expect(mode.permissions == 0o440 && mode.owner == 7 && mode.group == 8)
    #expect(shown([file(0o755)]).permissions == 0o444)
    #expect(shown([file(0o000)]).permissions == 0)
  }

  @Test func severalFilesShowWhatAllAllow() {
    let mode = shown([file(0o644), file(0o440), file(0o666)])
    #expect(mode.permissions == 0o440 && mode.owner == 7 && mode.group == 8)
  }

  /// Whoever owns one of two files is none of the others for that one.
  @Test func severalOwners() {
    let mode = shown([file(0o644, 1), file(0o644, 2)])
    #expect(mode.permissions == 0o444 && mode.owner == 0 && mode.group == 8)
    #expect(shown([file(0o044, 1), file(0o644, 2)]).permissions == 0)
  }

  @Test func severalGroups() {
    let mode = shown([file(0o644, 7, 1), file(0o644, 7, 2)])
    #expect(mode.permissions == 0o404 && mode.owner == 7 && mode.group == 0)
    // One of these groups may not read one of the files, and its members would be others here.
    #expect(shown([file(0o604, 7, 1), file(0o644, 7, 2)]).permissions == 0o400)
    #expect(shown([file(0o640, 7, 1), file(0o640, 7, 2)]).permissions == 0o400)
  }

  @Test func anAccessListLeavesTheOwner() {
    #expect(shown([file(0o664, list: true)]).permissions == 0o400)
    #expect(shown([file(0o644), file(0o644, list: true)]).permissions == 0o400)
  }

  @Test func closedDirectories() {
    let open = file(0o755, 0, 0)
    #expect(shown([file(0o644)], in: [open, open]).permissions == 0o444)
    #expect(shown([file(0o644)], in: [open, file(0o700, 0, 0)]).permissions == 0o400)
    #expect(shown([file(0o644)], in: [open, file(0o750, 0, 0)]).permissions == 0o400)
    // The group of the directory is the file's.
    #expect(shown([file(0o644)], in: [open, file(0o750, 0, 8)]).permissions == 0o440)
    #expect(shown([file(0o644)], in: [file(0o755, 0, 0, list: true)]).permissions == 0o400)
    // Open to others, but not to its own group.
    #expect(shown([file(0o644)], in: [file(0o705, 0, 3)]).permissions == 0o400)
  }
}

@Suite struct RunModesTests {
  /// A run of two files in a directory below another.
  private struct Run {
    let directory: TemporaryDirectory
    let path: String
    let files: [String]

    init() throws {
      directory = try TemporaryDirectory()
      _ = try directory.place("above", isDirectory: true, mode: 0o755)
      path = try directory.place("above/run", isDirectory: true, mode: 0o755)
      files = [
        try directory.place("above/run/a.h5", mode: 0o644), try directory.place("above/run/b.h5", mode: 0o644),
      ]
    }

    var modes: RunModes { RunModes(directory: path, files: files) }
  }

  @Test func anOpenRun() throws {
    let run = try Run()
    #expect(run.modes.obstacle == nil && run.modes.isOpenToAll)
    #expect(run.modes.shown(of: run.files).permissions == 0o444)
  }

  @Test(arguments: [
    ("above", UInt32(0o700), "the directory %/above is not open to all users: its mode is 0700", UInt32(0o400)),
    ("above", 0o750, "the directory %/above is not open to all users: its mode is 0750", 0o440),
    // Names in a directory can be used by those who cannot list it.
    ("above/run", 0o711, "the directory %/above/run is not open to all users: its mode is 0711", 0o444),
    ("above/run/b.h5", 0o640, "%/above/run/b.h5 is not open to all users: its mode is 0640", 0o440),
    ("above/run/b.h5", 0o604, "%/above/run/b.h5 is not open to all users: its mode is 0604", 0o404),
    ("above/run/b.h5", 0, "%/above/run/b.h5 is not open to all users: its mode is 0000", 0),
  ])
  func theFirstObstacleIsNamed(_ name: String, _ mode: UInt32, _ sentence: String, _ shown: UInt32) throws {
    let run = try Run()
    try #require(chmod("\(run.directory.path)/\(name)", mode) == 0)
    let parts = sentence.split(separator: "%", omittingEmptySubsequences: false)
    #expect(run.modes.obstacle == parts.joined(separator: run.directory.path) && !run.modes.isOpenToAll)
    #expect(run.modes.shown(of: run.files).permissions == shown)
  }

  @Test func aDirectoryThatOnlyPassesNeedNotBeListed() throws {
    let run = try Run()
    try #require(chmod("\(run.directory.path)/above", 0o711) == 0)
    #expect(run.modes.isOpenToAll)
  }

  @Test func anAccessListIsAnObstacle() throws {
    let run = try Run()
    try setAccessList(run.files[1], user: (bob.user, 4), group: 4, mask: 4, others: 4)
    #expect(run.modes.obstacle == "\(run.files[1]) has an access control list")
    #expect(run.modes.shown(of: run.files).permissions == 0o400)
    #expect(run.modes.shown(of: [run.files[0]]).permissions == 0o444)
  }

  @Test func aPlainModeIsNoAccessList() throws {
    let run = try Run()
    #expect(FileMode(path: run.files[0])?.hasAccessList == false)
    try setAccessList(run.files[0], user: (bob.user, 4), group: 4, mask: 4, others: 4)
    #expect(FileMode(path: run.files[0])?.hasAccessList == true)
  }

  /// A file of the run that is a link to one in a closed directory.
  @Test func directoriesBehindLinksCount() throws {
    let run = try Run()
    let closed = try run.directory.place("closed", isDirectory: true, mode: 0o700)
    let target = try run.directory.place("closed/c.h5", mode: 0o644)
    let link = "\(run.path)/c.h5"
    try #require(symlink(target, link) == 0)
    let modes = RunModes(directory: run.path, files: run.files + [link])
    #expect(modes.obstacle == "the directory \(closed) is not open to all users: its mode is 0700")
  }

  /// For a process that cannot take on the rights of others.
  @Test func aFileAnywhere() throws {
    let run = try Run()
    let check = OpenToAllCheck()
    let file = run.files[0]
    let secret = try run.directory.place("secret", mode: 0o600)
    var opened = stat()
    try #require(stat(file, &opened) == 0)
    let identity = AccessTarget.Identity(opened)
    try asking(alice, mayWait: false) {
      #expect(check.obstacle(toReading: file, identity: identity) == nil)
      #expect(check.obstacle(toReading: secret) == "\(secret) is not open to all users: its mode is 0600")
      try #require(chmod("\(run.directory.path)/above", 0o700) == 0)
      // It has not been asked for yet.
      #expect(check.obstacle(toReading: run.files[1])?.contains("/above is not open to all users") == true)
      try #require(chmod("\(run.directory.path)/above", 0o755) == 0)
      // Another file has been put there.
      try #require(rename(file, "\(file).old") == 0)
      _ = try run.directory.place("above/run/a.h5", mode: 0o644)
      #expect(check.obstacle(toReading: file, identity: identity) != nil)
    }
    for caller in [nil, Request.Caller(user: geteuid(), group: 5, supplementaryGroups: [])] {
      #expect(asking(caller) { check.obstacle(toReading: secret) } == nil)
    }
  }

  @Test func aFileThatIsGoneShowsNothing() throws {
    let run = try Run()
    try #require(unlink(run.files[0]) == 0)
    #expect(run.modes.obstacle == "\(run.files[0]) cannot be looked at")
    #expect(run.modes.shown(of: run.files).permissions == 0)
  }

  @Test func modesAreLookedAtAgainAfterThreeSeconds() throws {
    let run = try Run()
    let clock = TestClock()
    let looks = LockedNumber()
    let watch = ModeWatch(
      now: { clock.now },
      read: {
        looks.add(1)
        return run.modes
      })
    try #require(chmod(run.files[0], 0o600) == 0)
    clock.advance(milliseconds: 2999)
    #expect(try watch.current().isOpenToAll && looks.value == 1)
    clock.advance(milliseconds: 1)
    #expect(watch.latest.isOpenToAll)
    #expect(failure { try asking(nil, mayWait: false) { _ = try watch.current() } } == .mustWait)
    #expect(try !watch.current().isOpenToAll && !watch.latest.isOpenToAll && looks.value == 2)
    #expect(try asking(nil, mayWait: false) { try !watch.current().isOpenToAll })
  }
}
