import Glibc
import Synchronization
import TestRuns
import Testing
import Threads

@testable import Access

/// What is remembered, and for how long; the file system is played by a closure.
@Suite struct AccessMemoryTests {
  /// A file system that answers what it is told to, and counts how often it is asked.
  private final class Store: Sendable {
    let answers = Mutex<[String: AccessAnswer]>([:])
    let asked = Mutex<[String]>([])
    let clock = TestClock()

    func check(capacity: Int = 1000) -> FileAccessCheck {
      FileAccessCheck(
        capacity: capacity, now: { self.clock.now },
        ask: { target, caller in
          self.asked.withLock { $0.append("\(caller.user) \(target.path)") }
          return self.answers.withLock { $0[target.path] ?? .allowed }
        })
    }
    func set(_ path: String, _ answer: AccessAnswer) { answers.withLock { $0[path] = answer } }
    var questions: [String] {
      asked.withLock { asked in
        defer { asked = [] }
        return asked
      }
    }
  }

  private func targets(_ paths: String...) -> [AccessTarget] { paths.map { AccessTarget($0, for: .read) } }

  @Test func eachFileIsAskedForOnce() throws {
    let store = Store()
    let check = store.check()
    for _ in 0..<3 { try asking(alice) { try check.check(targets("a", "b")) } }
    #expect(store.questions == ["61001 a", "61001 b"])
    try asking(alice) { try check.check(targets("b", "c")) }
    #expect(store.questions == ["61001 c"])
  }

  @Test func anAnswerIsForOneUserWithItsGroups() throws {
    let store = Store()
    let check = store.check()
    var others = [alice, bob, alice, alice]
    others[2].group = 7
    others[3].supplementaryGroups = [7]
    for caller in others { try asking(caller) { try check.check(targets("a")) } }
    #expect(store.questions.count == 4)
  }

  @Test func anAnswerIsForOneUseOfOneFile() throws {
    let store = Store()
    let check = store.check()
    let identity = AccessTarget.Identity(device: 1, inode: 2)
    let targets = [
      AccessTarget("a", for: .read), AccessTarget("a", for: .enter), AccessTarget("a", for: .list),
      AccessTarget("a", for: .read, identity: identity),
    ]
    for target in targets { try asking(alice) { try check.check([target]) } }
    #expect(store.questions.count == 4)
  }

  @Test func refusalsAreRememberedToo() {
    let store = Store()
    let check = store.check()
    store.set("b", .denied)
    for _ in 0..<3 {
      let error = failure { try asking(alice) { try check.check(targets("a", "b", "c")) } }
      #expect(error == .denied(path: "b", user: alice.user))
    }
    // What comes behind the refusal need not be asked.
    #expect(store.questions == ["61001 a", "61001 b"])
  }

  @Test(arguments: [(AccessAnswer.allowed, AccessAnswer.denied), (.denied, .allowed)])
  func answersAge(_ first: AccessAnswer, _ second: AccessAnswer) {
    let store = Store()
    let check = store.check()
    func isAllowed() -> Bool { failure { try asking(alice) { try check.check(targets("a")) } } == nil }
    store.set("a", first)
    #expect(isAllowed() == (first == .allowed))
    store.set("a", second)
    store.clock.advance(milliseconds: 2999)
    #expect(isAllowed() == (first == .allowed))
    store.clock.advance(milliseconds: 1)
    #expect(isAllowed() == (second == .allowed))
    #expect(store.questions.count == 2)
  }

  @Test func whatMayPassIsNotRemembered() {
    let store = Store()
    let check = store.check()
    store.set("a", .failed(errno: EIO))
    #expect(failure { try asking(alice) { try check.check(targets("a")) } } == .failed(path: "a", errno: EIO))
    store.set("a", .changed)
    #expect(failure { try asking(alice) { try check.check(targets("a")) } } == .changed(path: "a"))
    store.set("a", .allowed)
    #expect(failure { try asking(alice) { try check.check(targets("a")) } } == nil)
  }

  @Test func rootIsNotAsked() throws {
    let store = Store()
    let check = store.check()
    store.set("a", .denied)
    try asking(Request.Caller(user: 0, group: 9, supplementaryGroups: [])) { try check.check(targets("a")) }
    #expect(store.questions == [])
  }

  /// A thread that has lost the caller on the way must not serve everybody.
  @Test func anUnknownCallerIsRefused() {
    let store = Store()
    let check = store.check()
    let error = failure { try asking(nil) { try check.check(targets("a")) } }
    guard case .noRights = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(store.questions == [])
  }

  @Test func aThreadThatMustNotWaitIsGivenWhatIsRemembered() throws {
    let store = Store()
    let check = store.check()
    store.set("b", .denied)
    func ask(mayWait: Bool, _ paths: String...) -> AccessError? {
      failure { try asking(alice, mayWait: mayWait) { try check.check(paths.map { AccessTarget($0, for: .read) }) } }
    }
    #expect(ask(mayWait: false, "a") == .mustWait)
    #expect(store.questions == [])
    #expect(ask(mayWait: true, "a") == nil)
    #expect(ask(mayWait: false, "a") == nil)
    #expect(ask(mayWait: false, "a", "b") == .mustWait)
    #expect(ask(mayWait: true, "b") == .denied(path: "b", user: alice.user))
    // A refusal that is known needs nothing else.
    #expect(ask(mayWait: false, "c", "b") == .denied(path: "b", user: alice.user))
    store.clock.advance(milliseconds: 3000)
    #expect(ask(mayWait: false, "a") == .mustWait)
  }

  @Test func aCallerThatGivesUpIsNotServed() {
    let store = Store()
    let check = store.check()
    let request = Request(isInterrupted: { true }, caller: alice)
    let error = failure { try Request.$current.withValue(request) { try check.check(targets("a")) } }
    #expect(error == .interrupted && store.questions == [])
  }

  @Test func memoryIsBounded() throws {
    let store = Store()
    let check = store.check(capacity: 100)
    for number in 0..<1000 { try asking(alice) { try check.check(targets("file \(number)")) } }
    #expect(check.rememberedCount <= 100)
    // Users with many groups count for more.
    for number in 0..<1000 {
      let caller = Request.Caller(user: UInt32(1000 + number), group: 1, supplementaryGroups: [gid_t](0..<250))
      try asking(caller) { try check.check(targets("a")) }
    }
    #expect(check.rememberedCount <= 100 / 10)
    // And what is still true is kept as long as there is room.
    _ = store.questions
    try asking(alice) { try check.check(targets("a")) }
    try asking(alice) { try check.check(targets("a")) }
    #expect(store.questions == ["61001 a"])
  }

  @Test func theReasonIsASentence() {
    let store = Store()
    let check = store.check()
    store.set("/data/b.h5", .denied)
    #expect(asking(alice) { check.obstacle(toReading: "/data/b.h5") } == "user 61001 may not read /data/b.h5")
    #expect(asking(alice) { check.obstacle(toReading: "/data/a.h5") } == nil)
    #expect(asking(bob, mayWait: false) { check.obstacle(toReading: "/data/a.h5") } == nil)
    // Without a caller the rights are those of the process.
    #expect(asking(nil) { check.obstacle(toReading: "/data/b.h5") } == nil)
  }
}

/// The same with files and users.
@Suite struct FileAccessTests {
  @Test func filesAndDirectories() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let check = FileAccessCheck()
    let closed = try directory.place("closed", isDirectory: true, owner: alice.user, mode: 0o700)
    let passed = try directory.place("passed", isDirectory: true, mode: 0o711)
    let inClosed = try directory.place("closed/file", mode: 0o644)
    let inPassed = try directory.place("passed/file", group: 61_100, mode: 0o640)
    func mayUse(_ path: String, _ use: AccessTarget.Use, _ caller: Request.Caller) -> Bool {
      failure { try asking(caller) { try check.check([AccessTarget(path, for: use)]) } } == nil
    }
    #expect(mayUse(inClosed, .read, alice) && !mayUse(inClosed, .read, bob))
    #expect(!mayUse(inPassed, .read, alice) && mayUse(inPassed, .read, bob))
    #expect(mayUse(closed, .list, alice) && mayUse(closed, .enter, alice))
    #expect(!mayUse(closed, .list, bob) && !mayUse(closed, .enter, bob))
    #expect(!mayUse(passed, .list, bob) && mayUse(passed, .enter, bob))
  }

  @Test func accessControlListsCount() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let check = FileAccessCheck()
    let forBob = try directory.place("forBob", mode: 0o600)
    try setAccessList(forBob, user: (bob.user, 4), group: 0, mask: 4, others: 0)
    let notForBob = try directory.place("notForBob", mode: 0o644)
    try setAccessList(notForBob, user: (bob.user, 0), group: 4, mask: 4, others: 4)
    func mayRead(_ path: String, _ caller: Request.Caller) -> Bool {
      asking(caller) { check.obstacle(toReading: path) } == nil
    }
    #expect(mayRead(forBob, bob) && !mayRead(forBob, alice))
    #expect(!mayRead(notForBob, bob) && mayRead(notForBob, alice))
  }

  /// Alice puts a file of her own where the mounted file was, which she may not read.
  @Test func anotherFileAtThePathGivesNoRight() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let check = FileAccessCheck()
    let secret = try directory.place("secret", mode: 0o600)
    var status = stat()
    try #require(stat(secret, &status) == 0)
    let target = AccessTarget(secret, for: .read, identity: AccessTarget.Identity(status))
    try #require(rename(secret, "\(secret).old") == 0)
    _ = try directory.place("secret", owner: alice.user, mode: 0o600)
    #expect(failure { try asking(alice) { try check.check([target]) } } == .changed(path: secret))
    let opened = target.identity
    #expect(asking(alice) { check.obstacle(toReading: secret, identity: opened) } != nil)
    #expect(asking(alice) { check.obstacle(toReading: secret) } == nil)
    try #require(rename("\(secret).old", secret) == 0)
    #expect(failure { try asking(alice) { try check.check([target]) } } == .denied(path: secret, user: alice.user))
  }

  @Test func aFileThatIsGoneIsNoRefusal() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    _ = try directory.place("file", mode: 0o644)
    let target = AccessTarget("\(directory.path)/none", for: .read)
    let error = failure { try asking(alice) { try FileAccessCheck().check([target]) } }
    #expect(error == .failed(path: target.path, errno: ENOENT))
  }

  /// A file that is on tape is not opened for it: the answer is the same.
  @Test func whatIsOnTapeIsNotOpened() throws {
    try requireRoot()
    let directory = try TemporaryDirectory()
    let check = FileAccessCheck(isOnTape: { _ in true })
    let alices = try directory.place("alices", owner: alice.user, mode: 0o600)
    // Opening a FIFO for reading succeeds, and its writer would then find somebody to write to.
    let fifo = "\(directory.path)/fifo"
    try #require(mkfifo(fifo, 0o666) == 0 && chmod(fifo, 0o666) == 0)
    #expect(asking(alice) { check.obstacle(toReading: alices) } == nil)
    #expect(asking(bob) { check.obstacle(toReading: alices) } == "user 61002 may not read \(alices)")
    #expect(asking(bob) { check.obstacle(toReading: fifo) } == nil)
  }
}
