import CFuse
import Glibc
import Synchronization
import Testing
import Threads

@testable import FUSE

@Suite struct WaitingTests {
  typealias Step = WaitingFileSystem.Step

  /// What makes the kernel ask for a step.
  private static func perform(_ step: Step, _ root: String) -> Errno? {
    switch step {
    case .lookup: return failure(access(root + "/hung", F_OK))
    case .attributes:
      var status = stat()
      return failure(stat(root + "/hung", &status))
    case .readLink:
      var target = [CChar](repeating: 0, count: 10)
      return failure(readlink(root + "/link", &target, 10))
    case .openDirectory: return closing(open(root + "/directory", O_RDONLY | O_DIRECTORY)) { _ in nil }
    case .entries, .attributesOfEntries:
      do {
        let names = try listDirectory(root + "/directory").map(\.name)
        return names == [".", "..", "sub", "file"] ? nil : .staleHandle
      } catch {
        return error as? Errno ?? .staleHandle
      }
    case .open: return closing(open(root + "/hung", O_RDONLY)) { _ in nil }
    case .read: return read(root + "/hung")
    case .extendedAttribute:
      var value = [UInt8](repeating: 0, count: 20)
      return failure(getxattr(root + "/quick", "user.name", &value, 20))
    case .extendedAttributeNames: return failure(listxattr(root + "/quick", nil, 0))
    }
  }

  private static func read(_ path: String) -> Errno? {
    closing(open(path, O_RDONLY)) { descriptor in
      switch readBytes(descriptor, 0, 100) {
      case .success(let bytes): bytes == WaitingFileSystem.contents ? nil : .staleHandle
      case .failure(let error): error
      }
    }
  }

  private static func closing(_ descriptor: Int32, _ body: (Int32) -> Errno?) -> Errno? {
    guard descriptor >= 0 else { return .current }
    defer { close(descriptor) }
    return body(descriptor)
  }

  /// A listing does not wait for attributes, which has a test of its own.
  private static let steps = Step.allCases.filter { $0 != .attributesOfEntries }

  @Test(arguments: steps)
  func isAskedAgainByAThreadThatMayWait(step: Step) throws {
    let fileSystem = WaitingFileSystem(hanging: [step])
    fileSystem.gate.open()
    try withMount(fileSystem) { mounted in
      #expect(Self.perform(step, mounted.path) == nil)
      #expect(Set(fileSystem.passed.withLock { $0 }) == [step])
      // A read that may wait is never begun by a thread that may not.
      #expect((fileSystem.refused.load(ordering: .relaxed) > 0) == (step != .read))
    }
  }

  /// Even by a single thread that takes requests, with more reads hanging than there are regular threads for them, and in a directory
  /// where lookups hang.
  @Test func whatIsInMemoryIsAnsweredWhileTheRestHangs() throws {
    let fileSystem = WaitingFileSystem(hanging: Set(Step.allCases).subtracting([.open, .attributes]))
    try withMount(fileSystem, threads: 1) { mounted in
      let path = mounted.path
      fileSystem.isHungKnown.store(true, ordering: .relaxed)
      #expect(access(path + "/hung", F_OK) == 0)
      fileSystem.isHungKnown.store(false, ordering: .relaxed)
      var calls: [BlockingCall] = []
      for step in [Step.readLink, .openDirectory, .extendedAttribute, .extendedAttributeNames] {
        calls.append(BlockingCall { Self.perform(step, path) })
      }
      for number in 0..<5 { calls.append(BlockingCall { failure(access(path + "/hung\(number)", F_OK)) }) }
      for _ in 0..<40 { calls.append(BlockingCall { Self.perform(.read, path) }) }
      #expect(waitUntil { fileSystem.gate.waiting == calls.count })

      #expect(Self.read(path + "/quick") == nil)
      #expect(Self.read(path + "/slow") == nil)
      for _ in 0..<2 {
        let names = try listDirectory(path).map(\.name)
        #expect(names == [".", "..", "quick", "directory"])
      }
      var status = stat()
      #expect(stat(path + "/directory/sub", &status) == 0)
      var statistics = statvfs()
      #expect(statvfs(path, &statistics) == 0)
      #expect(failure(access(path + "/missing", F_OK)) == .noSuchFileOrDirectory)

      fileSystem.gate.open()
      for call in calls { #expect(call.join() == nil) }
    }
  }

  @Test(arguments: steps)
  func interruptedCallerIsAnsweredWhileTheThreadHangs(step: Step) throws {
    let fileSystem = WaitingFileSystem(hanging: [step])
    try withMount(fileSystem) { mounted in
      let path = mounted.path
      let call = BlockingCall { Self.perform(step, path) }
      #expect(waitUntil { fileSystem.gate.waiting == 1 })
      #expect(call.interrupt())
      #expect(call.join() == .interrupted)
      #expect(fileSystem.gate.waiting == 1)

      // The late answer goes nowhere: whatever the file system gave is given back.
      fileSystem.gate.open()
      let isBack = waitUntil {
        fileSystem.interrupted.load(ordering: .relaxed) == 1
          && fileSystem.released.load(ordering: .relaxed) == fileSystem.opened.load(ordering: .relaxed)
          && (step != .lookup || fileSystem.forgotten.load(ordering: .relaxed) == 1)
      }
      #expect(isBack)
      #expect(Self.perform(step, path) == nil)
    }
  }

  /// One that hangs in a thread which takes requests from the kernel; there is another, which the kernel's message comes to.
  @Test func interruptedReadersOfAFewThreads() throws {
    let fileSystem = WaitingFileSystem(hanging: [.read])
    try withMount(fileSystem, threads: 2) { mounted in
      let path = mounted.path
      let calls = (0..<5).map { _ in BlockingCall { Self.perform(.read, path) } }
      #expect(waitUntil { fileSystem.gate.waiting == calls.count })
      for call in calls {
        #expect(call.interrupt())
        #expect(call.join() == .interrupted)
      }
      // Closed by their readers, and still held by the reads.
      #expect(fileSystem.released.load(ordering: .relaxed) == 0)
      #expect(Self.read(path + "/quick") == nil)
      fileSystem.gate.open()
      #expect(waitUntil { fileSystem.released.load(ordering: .relaxed) == calls.count + 1 })
      #expect(fileSystem.interrupted.load(ordering: .relaxed) == calls.count)
    }
  }

  @Test func interruptedManyTimes() throws {
    let fileSystem = WaitingFileSystem(hanging: [.attributes, .open, .read])
    try withMount(fileSystem) { mounted in
      let path = mounted.path
      for _ in 0..<20 {
        let calls = [Step.attributes, .open].map { step in BlockingCall { Self.perform(step, path) } }
        for call in calls {
          #expect(call.interrupt())
          #expect(call.join() == .interrupted)
        }
      }
      fileSystem.gate.open()
      #expect(Self.perform(.read, path) == nil)
    }
  }

  /// With and without waiting for the names: attributes that are not in memory are left out.
  @Test(arguments: [false, true])
  func listingDoesNotWaitForAttributes(namesWait: Bool) throws {
    let fileSystem = WaitingFileSystem(hanging: namesWait ? [.attributesOfEntries, .entries] : [.attributesOfEntries])
    try withMount(fileSystem) { mounted in
      let path = mounted.path
      let call = BlockingCall { Self.perform(.entries, path) }
      if namesWait {
        #expect(waitUntil { fileSystem.gate.waiting == 1 })
        fileSystem.gate.open()
      }
      #expect(call.join() == nil)
      #expect(fileSystem.refused.load(ordering: .relaxed) >= 1)
      #expect(Set(fileSystem.passed.withLock { $0 }) == (namesWait ? [.entries] : []))
      // The kernel looks up what it was not told.
      var status = stat()
      #expect(stat(path + "/directory/sub", &status) == 0)
      #expect(status.st_mode & S_IFMT == S_IFDIR)
    }
  }

  /// It would be EFAULT for a system call that is given the page. (Where a program touches it itself, the kernel asks again.)
  @Test func signalDoesNotFailAMappedPage() throws {
    let fileSystem = WaitingFileSystem(hanging: [.read])
    try withMount(fileSystem) { mounted in
      let path = mounted.path
      let call = BlockingCall {
        Self.closing(open(path + "/cached", O_RDONLY)) { descriptor in
          let memory = mmap(nil, 4096, PROT_READ, MAP_SHARED, descriptor, 0)
          guard let memory, memory != MAP_FAILED else { return .current }
          defer { munmap(memory, 4096) }
          // Without reading ahead the kernel sends the request in the name of the one that touches the page.
          madvise(memory, 4096, MADV_RANDOM)
          var ends: [Int32] = [-1, -1]
          guard pipe(&ends) == 0 else { return .current }
          defer { for end in ends { close(end) } }
          return failure(write(ends[1], memory, 4))
        }
      }
      #expect(waitUntil { fileSystem.gate.waiting == 1 })
      call.signal()
      // Longer than it takes where EINTR is the answer.
      usleep(200_000)
      #expect(!call.hasEnded)
      fileSystem.gate.open()
      #expect(call.join() == nil)
      #expect(fileSystem.interrupted.load(ordering: .relaxed) == 0)
    }
  }

  /// Even if it has got a signal that it handles first: the kernel's message is sent once.
  @Test func endingProcessDoesNotWaitForItsPage() throws {
    let fileSystem = WaitingFileSystem(hanging: [.read])
    try withMount(fileSystem) { mounted in
      let script = [
        "import mmap, signal, sys", "signal.signal(signal.SIGUSR1, lambda *_: None)",
        "file = open(sys.argv[1], 'rb', buffering=0)",
        "pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)", "pages.madvise(mmap.MADV_RANDOM)", "pages[0]",
      ]
      let process = try ChildProcess(["python3", "-c", script.joined(separator: "\n"), mounted.path + "/cached"])
      #expect(waitUntil { fileSystem.gate.waiting == 1 })
      process.send(SIGUSR1)
      usleep(100_000)
      process.send(SIGTERM)
      #expect(process.wait() == 128 + SIGTERM)
      #expect(fileSystem.gate.waiting == 1)
      fileSystem.gate.open()
      #expect(waitUntil { fileSystem.interrupted.load(ordering: .relaxed) == 1 })
    }
  }

  @Test func tooManyThatWaitAreToldToComeAgain() throws {
    let fileSystem = WaitingFileSystem(hanging: [.extendedAttribute])
    try withMount(fileSystem) { mounted in
      let path = mounted.path
      let calls = (0..<1024).map { _ in BlockingCall { Self.perform(.extendedAttribute, path) } }
      #expect(waitUntil { fileSystem.gate.waiting == calls.count })
      #expect(Self.perform(.extendedAttribute, path) == .tryAgain)
      fileSystem.gate.open()
      for call in calls { #expect(call.join() == nil) }
      #expect(Self.perform(.extendedAttribute, path) == nil)
    }
  }

  @Test func sessionEndsWhileAReadHangs() throws {
    let fileSystem = WaitingFileSystem(hanging: [.read, .attributes])
    let mounted = try Mounted(fileSystem)
    let path = mounted.path
    let calls = [Step.read, .attributes].map { step in BlockingCall { Self.perform(step, path) } }
    #expect(waitUntil { fileSystem.gate.waiting == 2 })
    for call in calls { #expect(call.interrupt()) }
    for call in calls { #expect(call.join() == .interrupted) }
    // Without users, whatever the threads wait for, an ordinary unmount does it.
    try MountPoint.unmount(path)
    #expect(try mounted.join() == .abandoned)
    fileSystem.gate.open()
    #expect(waitUntil { fileSystem.released.load(ordering: .relaxed) == 1 })
  }

  @Test func sessionIsStoppedWhileReadersHang() throws {
    let fileSystem = WaitingFileSystem(hanging: [.read, .openDirectory])
    let mounted = try Mounted(fileSystem)
    let path = mounted.path
    let calls = [Step.read, .openDirectory].map { step in BlockingCall { Self.perform(step, path) } }
    #expect(waitUntil { fileSystem.gate.waiting == 2 })
    #expect(try mounted.end() == .abandoned)
    fileSystem.gate.open()
    // Whether the answers find the connection still there is a matter of chance.
    for call in calls { _ = call.join() }
  }

  @Test func callersAreKnownWhereThereMayBeSeveral() throws {
    let mine = WaitingFileSystem(hanging: [])
    try withMount(mine) { mounted in
      #expect(access(mounted.path + "/quick", F_OK) == 0)
      #expect(mine.callers.withLock { $0 } == [nil])
    }
    let fileSystem = WaitingFileSystem(hanging: [.lookup])
    fileSystem.gate.open()
    var options = MountOptions()
    options.allowsOther = true
    try withMount(fileSystem, options: options) { mounted in
      let words = ["setpriv", "--reuid", "4321", "--regid", "5432", "--groups", "77,6543"]
      let process = try ChildProcess(words + ["stat", "-c", "", mounted.path + "/hung"])
      #expect(process.wait() == 0)
      let caller = Request.Caller(user: 4321, group: 5432, supplementaryGroups: [77, 6543])
      // By the thread that must not wait, and by the one that may.
      #expect(fileSystem.callers.withLock { $0 } == [caller, caller])
    }
  }

  @Test func supplementaryGroups() {
    let status = "Name:\tx\nGid:\t1\t1\t1\t1\nGroups:\t4 24 4294967294 \nNStgid:\t1\n"
    #expect(CallingProcess.groups(status) == [4, 24, 4_294_967_294])
    #expect(CallingProcess.groups("Name:\tx\nGroups:\t \nNStgid:\t1\n") == [])
    #expect(CallingProcess.groups(nil) == [])
  }

  /// Signals that are pending for the thread and for the process, and masks.
  @Test(arguments: [
    (9, 0, "0", "0", "0", true), (2, 0, "0", "0", "0", true), (0, 2, "0", "0", "0", true),
    (2, 0, "0", "0", "2", false), (2, 0, "0", "2", "0", false), (2, 0, "2", "0", "0", false),
    (17, 0, "0", "0", "0", false), (0, 0, "0", "0", "0", false), (10, 15, "0", "0", "200", true),
  ])
  func endingSignals(own: Int, shared: Int, blocked: String, ignored: String, caught: String, isEnding: Bool) {
    func mask(_ signal: Int) -> String { String(signal == 0 ? 0 : 1 << (signal - 1), radix: 16) }
    let status = [
      "Name:\tx", "SigPnd:\t\(mask(own))", "ShdPnd:\t\(mask(shared))", "SigBlk:\t\(blocked)",
      "SigIgn:\t\(ignored)", "SigCgt:\t\(caught)", "",
    ]
    #expect(CallingProcess.isEnding(status.joined(separator: "\n")) == isEnding)
    #expect(!CallingProcess.isEnding(nil))
  }
}
