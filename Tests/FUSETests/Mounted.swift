import FUSE
import Glibc
import Synchronization
import Testing

/// A file system mounted on a directory of its own, served by threads of its own.
final class Mounted: Sendable {
  let path: String
  let session: Session
  private let server: pthread_t
  private let outcome: Outcome

  private final class Outcome: Sendable {
    let isReady = Atomic(false)
    let hasEnded = Atomic(false)
    let value = Mutex<Result<Session.Outcome, MountError>?>(nil)
  }

  /// Mounts and waits until the mount works. Fails, as against skips, where there is no /dev/fuse.
  init(
    _ fileSystem: any FileSystem, threads: Int = 3, options: MountOptions = MountOptions(),
    handlingSignals: Bool = false
  ) throws {
    path = try Self.makeDirectory()
    let session = try Session(fileSystem, mountPoint: path, options: options)
    let outcome = Outcome()
    server = startThread {
      let result = Result { () throws(MountError) in
        try session.serve(threads: threads, handlingSignals: handlingSignals) {
          outcome.isReady.store(true, ordering: .releasing)
        }
      }
      outcome.value.withLock { $0 = result }
      outcome.hasEnded.store(true, ordering: .releasing)
    }
    self.session = session
    self.outcome = outcome
    try #require(waitUntil { outcome.isReady.load(ordering: .acquiring) }, "the mount at \(path) did not get ready")
  }

  /// Whether `serve` has returned.
  var hasEnded: Bool { outcome.hasEnded.load(ordering: .acquiring) }

  /// Sends a signal to the thread in `serve`, which has it blocked: one to the process would hit any thread of the tests.
  func signal(_ number: Int32) { pthread_kill(server, number) }

  /// Waits for `serve`, removes the directory and returns what `serve` returned.
  @discardableResult
  func join() throws -> Session.Outcome {
    pthread_join(server, nil)
    rmdir(path)
    return try #require(outcome.value.withLock { $0 }).get()
  }

  /// Unmounts, whoever may still have files open.
  @discardableResult
  func end() throws -> Session.Outcome {
    session.stop()
    return try join()
  }

  static func makeDirectory() throws -> String {
    var template = Array("/tmp/fusetests.XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// Mounts, runs `body` and unmounts.
func withMount(
  _ fileSystem: any FileSystem, threads: Int = 3, options: MountOptions = MountOptions(),
  _ body: (Mounted) throws -> Void
) throws {
  let mounted = try Mounted(fileSystem, threads: threads, options: options)
  do {
    try body(mounted)
  } catch {
    try mounted.end()
    throw error
  }
  #expect(try mounted.end() == .finished)
}

/// Polls for up to ten seconds.
func waitUntil(_ condition: () -> Bool) -> Bool {
  for _ in 0..<10_000 {
    if condition() { return true }
    usleep(1000)
  }
  return false
}

/// The error of a system call that is expected to fail, nil if it did not.
func failure(_ result: Int) -> Errno? { result < 0 ? .current : nil }

/// The same for calls that return a 32-bit integer.
func failure(_ result: Int32) -> Errno? { failure(Int(result)) }

/// `count` bytes at `offset` of an open file.
func readBytes(_ descriptor: Int32, _ offset: Int64, _ count: Int) -> Result<[UInt8], Errno> {
  var bytes = [UInt8](repeating: 0, count: count)
  let length = pread(descriptor, &bytes, count, off_t(offset))
  return length < 0 ? .failure(.current) : .success(Array(bytes.prefix(length)))
}

/// getdents64(2), which Swift's Glibc module does not show.
private func getdents(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
  typealias Function = @convention(c) (Int32, UnsafeMutableRawPointer?, Int) -> Int
  let symbol = try #require(dlsym(nil, "getdents64"))
  return unsafeBitCast(symbol, to: Function.self)(descriptor, buffer.baseAddress, buffer.count)
}

/// Names and types in a directory, through getdents64 with a buffer of that many bytes.
func listDirectory(_ path: String, bufferSize: Int = 32_768) throws -> [(name: String, type: UInt8, inode: UInt64)] {
  let descriptor = open(path, O_RDONLY | O_DIRECTORY)
  guard descriptor >= 0 else { throw Errno.current }
  defer { close(descriptor) }
  var entries: [(name: String, type: UInt8, inode: UInt64)] = []
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 8)
  defer { buffer.deallocate() }
  while true {
    let length = try getdents(descriptor, buffer)
    guard length >= 0 else { throw Errno.current }
    if length == 0 { return entries }
    var at = 0
    while at < length {
      let size = Int(buffer.load(fromByteOffset: at + 16, as: UInt16.self))
      let name = String(cString: (buffer.baseAddress! + at + 19).assumingMemoryBound(to: CChar.self))
      entries.append((name, buffer[at + 18], buffer.load(fromByteOffset: at, as: UInt64.self)))
      at += size
    }
  }
}
