import Glibc
import TestRuns
import Testing
import Threads

@testable import Access

@Suite struct CallerRightsTests {
  /// Whether this thread can open a file now: its errno, or 0.
  private static func opening(_ path: String) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno }
    close(descriptor)
    return 0
  }

  private static func groups() -> [gid_t] {
    var groups = [gid_t](repeating: 0, count: 1000)
    return Array(groups.prefix(Int(max(0, getgroups(1000, &groups)))))
  }

  @Test func rootCanTakeOnTheRightsOfOthers() throws {
    try requireRoot()
    #expect(CallerRights.obstacle() == nil)
  }

  @Test func modesCountForTheCallerAndNotForRoot() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let alices = try directory.place("alices", owner: alice.user, mode: 0o600)
    let groups = try directory.place("groups", group: 61_100, mode: 0o640)
    let all = try directory.place("all", mode: 0o604)
    let before = Self.groups()
    #expect(try CallerRights.take(alice) { Self.opening(alices) } == 0)
    #expect(try CallerRights.take(bob) { Self.opening(alices) } == EACCES)
    #expect(try CallerRights.take(alice) { Self.opening(groups) } == EACCES)
    #expect(try CallerRights.take(bob) { Self.opening(groups) } == 0)
    #expect(try CallerRights.take(bob) { Self.opening(all) } == 0)
    #expect(Self.opening(alices) == 0 && Self.opening(groups) == 0)
    #expect(Self.groups() == before)
  }

  @Test func closedDirectoriesCount() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let closed = try directory.place("closed", isDirectory: true, mode: 0o700)
    _ = try directory.place("closed/file", mode: 0o644)
    #expect(try CallerRights.take(alice) { Self.opening("\(closed)/file") } == EACCES)
    #expect(Self.opening("\(closed)/file") == 0)
  }

  /// The groups of root do not help a caller.
  @Test func rootsGroupsAreNotTheCallers() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let file = try directory.place("file", mode: 0o640)
    #expect(try CallerRights.take(alice) { Self.opening(file) } == EACCES)
  }

  @Test func otherThreadsKeepTheirRights() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let file = try directory.place("file", mode: 0o600)
    let monitor = Monitor()
    let errors = LockedNumber()
    let isDone = LockedNumber()
    let own = try CallerRights.take(alice) {
      Thread.start {
        errors.add(Int(Self.opening(file)))
        monitor.withLock {
          isDone.add(1)
          monitor.broadcast()
        }
      }
      // A thread that is started here has the caller's rights: the documentation warns of it.
      monitor.withLock { while isDone.value == 0 { monitor.wait() } }
      return Self.opening(file)
    }
    #expect(own == EACCES && errors.value == Int(EACCES))

    let stop = LockedNumber()
    let opened = LockedNumber()
    let denied = LockedNumber()
    Thread.start {
      while stop.value == 0 {
        if Self.opening(file) == 0 { opened.add(1) } else { denied.add(1) }
      }
      monitor.withLock {
        stop.add(1)
        monitor.broadcast()
      }
    }
    for _ in 0..<5000 { #expect(try CallerRights.take(alice) { Self.opening(file) } == EACCES) }
    while opened.value == 0 { sched_yield() }
    stop.add(1)
    monitor.withLock { while stop.value < 2 { monitor.wait() } }
    #expect(denied.value == 0)
  }

  @Test func rootItselfKeepsItsRights() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let file = try directory.place("file", owner: alice.user, mode: 0o600)
    let root = Request.Caller(user: 0, group: 0, supplementaryGroups: [])
    #expect(try CallerRights.take(root) { Self.opening(file) } == 0)
  }

  /// The kernel's number for a user that it cannot name; setfsuid would leave root's rights as they are.
  @Test(arguments: [
    Request.Caller(user: .max, group: 5, supplementaryGroups: []),
    Request.Caller(user: 5, group: .max, supplementaryGroups: []),
  ])
  func unknownCallersHaveNoRights(_ caller: Request.Caller) {
    var ran = false
    let error = failure { try CallerRights.take(caller) { ran = true } }
    #expect(error == .noRights(user: caller.user, reason: "the kernel does not name the caller") && !ran)
  }

  @Test func tooManyGroupsAreAnError() throws {
    try requireRoot()
    var caller = alice
    caller.supplementaryGroups = [gid_t](0...65_536)
    var ran = false
    #expect(throws: AccessError.self) { try CallerRights.take(caller) { ran = true } }
    #expect(!ran && geteuid() == 0)
    // And all is as it was.
    let directory = try TemporaryDirectory()
    #expect(Self.opening(try directory.place("file", owner: alice.user, mode: 0o600)) == 0)
  }

  @Test func aThreadThatCannotComeBackEndsTheProcess() async throws {
    try requireRoot()
    await #expect(processExitsWith: .signal(SIGABRT)) {
      _ = try CallerRights.take(Request.Caller(user: 61_001, group: 61_001, supplementaryGroups: [])) {
        // For good, capabilities and all.
        setuid(61_001)
      }
    }
  }
}
