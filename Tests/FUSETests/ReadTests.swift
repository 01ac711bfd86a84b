import CFuse
import Glibc
import Synchronization
import Testing

@testable import FUSE

@Suite struct ReadTests {
  static let size: Int64 = 5 * 1_048_576 + 12_345

  @Test(arguments: ["atOnce", "inPieces", "inManyPieces", "fromOtherThread", "directly"])
  func oddOffsetsFromSeveralThreads(name: String) throws {
    let ways: [String: TestFileSystem.Reading] = [
      "atOnce": .atOnce, "inPieces": .inPieces, "inManyPieces": .inManyPieces, "fromOtherThread": .fromOtherThread,
      "directly": .directly,
    ]
    let way = try #require(ways[name])
    let fileSystem = TestFileSystem([("file", .file(size: Self.size, how: way))])
    try withMount(fileSystem) { mounted in
      let wrong = Shared()
      let threads = (0..<4).map { seed in
        startThread {
          let descriptor = open(mounted.path + "/file", O_RDONLY)
          defer { close(descriptor) }
          var generator = Generator(state: UInt64(seed + 1))
          for _ in 0..<60 {
            let offset = Int64(generator.next() % UInt64(Self.size + 1000))
            let count = Int(generator.next() % (generator.next() % 3 == 0 ? 400_000 : 5000)) + 1
            let expected = TestFileSystem.bytes(offset, Int(max(0, min(Int64(count), Self.size - offset))))
            guard case .success(let bytes) = readBytes(descriptor, offset, count), bytes == expected else {
              wrong.value.add(1, ordering: .relaxed)
              continue
            }
          }
        }
      }
      for thread in threads { pthread_join(thread, nil) }
      #expect(wrong.value.load(ordering: .relaxed) == 0)
      let isReleased = waitUntil {
        fileSystem.released.load(ordering: .relaxed) == fileSystem.opened.load(ordering: .relaxed)
      }
      #expect(isReleased)
    }
  }

  @Test func wholeFileThroughTheCache() throws {
    try withMount(TestFileSystem([("file", .file(size: Self.size, how: .inPieces))])) { mounted in
      let descriptor = open(mounted.path + "/file", O_RDONLY)
      defer { close(descriptor) }
      let bytes = try readBytes(descriptor, 0, Int(Self.size) + 10).get()
      #expect(bytes == TestFileSystem.bytes(0, Int(Self.size)))
    }
  }

  @Test func memoryMapping() throws {
    try withMount(TestFileSystem([("file", .file(size: Self.size, how: .atOnce))])) { mounted in
      let bytes = try mapped(mounted.path + "/file")
      #expect(bytes == TestFileSystem.bytes(0, Int(Self.size)))
    }
  }

  @Test func memoryMappingWithDirectIO() throws {
    var options = MountOptions()
    for isAsked in [false, true] {
      options.directIOWithMMap = isAsked
      let fileSystem = TestFileSystem([("file", .file(size: Self.size, how: .directly))])
      try withMount(fileSystem, options: options) { mounted in
        #expect(mounted.session.mapsDirectIO == (isAsked && Self.kernelMapsDirectIO))
        guard mounted.session.mapsDirectIO else {
          #expect(throws: Errno.noSuchDevice) { try mapped(mounted.path + "/file") }
          return
        }
        let bytes = try mapped(mounted.path + "/file")
        #expect(bytes == TestFileSystem.bytes(0, Int(Self.size)))
      }
    }
  }

  @Test func sizeKnownOnlyAfterOpening() throws {
    try withMount(TestFileSystem([("report", .file(size: 70_000, how: .unknownSize))])) { mounted in
      var status = stat()
      #expect(stat(mounted.path + "/report", &status) == 0 && status.st_size == 0)
      let descriptor = open(mounted.path + "/report", O_RDONLY)
      defer { close(descriptor) }
      #expect(readBytes(descriptor, 0, 100_000) == .success(TestFileSystem.bytes(0, 70_000)))
      #expect(stat(mounted.path + "/report", &status) == 0 && status.st_size == 70_000)
    }
  }

  @Test func errors() throws {
    let fileSystem = TestFileSystem([
      ("dropped", .file(size: 10, how: .never)), ("stale", .file(size: 10, how: .failing(.staleHandle))),
      ("far", .file(size: .max, how: .atOnce)),
    ])
    try withMount(fileSystem) { mounted in
      for (name, error) in [("dropped", Errno.inputOutput), ("stale", .staleHandle)] {
        let descriptor = open(mounted.path + "/" + name, O_RDONLY)
        defer { close(descriptor) }
        #expect(readBytes(descriptor, 0, 10) == .failure(error))
      }
      let descriptor = open(mounted.path + "/far", O_RDONLY)
      defer { close(descriptor) }
      let offset: Int64 = 1 << 62
      #expect(readBytes(descriptor, offset, 100) == .success(TestFileSystem.bytes(offset, 100)))
    }
  }

  @Test func interruptedWait() throws {
    try withMount(TestFileSystem([("slow", .file(size: 10, how: .whenInterrupted))])) { mounted in
      Self.letUserSignalInterrupt()
      let result = Shared()
      let thread = startThread {
        // Threads of the pool, and those they start, block every signal.
        var all = sigset_t()
        sigemptyset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
        let descriptor = open(mounted.path + "/slow", O_RDONLY)
        defer { close(descriptor) }
        if readBytes(descriptor, 0, 10) == .failure(.interrupted) { result.value.store(1, ordering: .relaxed) }
        result.value.add(10, ordering: .relaxed)
      }
      // Until it has ended: a signal that comes before the read is lost.
      let hasEnded = waitUntil {
        if result.value.load(ordering: .relaxed) < 10 { pthread_kill(thread, SIGUSR2) }
        return result.value.load(ordering: .relaxed) >= 10
      }
      #expect(hasEnded)
      pthread_join(thread, nil)
      #expect(result.value.load(ordering: .relaxed) == 11)
    }
  }

  /// Linux 6.6 brought it.
  private static var kernelMapsDirectIO: Bool {
    let version = (SystemFile.read("/proc/sys/kernel/osrelease") ?? "").split(separator: ".").prefix(2).compactMap {
      Int($0)
    }
    return !version.lexicographicallyPrecedes([6, 6])
  }

  private static func letUserSignalInterrupt() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigaction(SIGUSR2, &action, nil)
  }

  private func mapped(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    let memory = mmap(nil, Int(Self.size), PROT_READ, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw Errno.current }
    defer { munmap(memory, Int(Self.size)) }
    return Array(UnsafeRawBufferPointer(start: memory, count: Int(Self.size)))
  }
}

/// A counter that threads share.
final class Shared: Sendable {
  let value = Atomic(0)
}

/// The same numbers each time.
struct Generator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
