internal import Glibc
internal import Threads

/// Asks dCache where files are: by reading a file of a magic name, which exists nowhere else.
///
/// `DIR/.(get)(NAME)(locality)` holds the answer. A query is an ordinary `open` and `read`, and may hang like one, so each runs on
/// a thread of its own that is left behind when its time is up.
public struct LocalityQuery: Sendable {
  /// How long one query may take.
  public var milliseconds: Int

  /// A query takes some milliseconds; ten seconds mean that nobody is answering.
  public static let defaultMilliseconds = 10_000

  /// At once: dCache's name space is one server, and a negative lookup on GPFS costs about a millisecond.
  static let mostAtOnce = 16

  /// Threads that may hang at a time, over the life of the process. With so many queries unanswered the server is not there, and
  /// the next would only be another thread that never comes back.
  static let mostHanging = 64

  public init(milliseconds: Int = defaultMilliseconds) { self.milliseconds = max(1, milliseconds) }

  /// Asks for one file, on this thread, for as long as that takes.
  static func ask(_ path: String) -> FileLocality {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { path[...$0] } ?? ""
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    let descriptor = open("\(directory).(get)(\(name))(locality)", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno == ENOENT ? .notOnDCache : .failed(errno: errno) }
    defer { close(descriptor) }
    // A word; whatever comes after a page is none.
    var bytes = [UInt8](repeating: 0, count: 4096)
    var used = 0
    while used < bytes.count {
      let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + used }, $0.count - used) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return .failed(errno: errno) }
      guard count > 0 else { break }
      used += count
    }
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
    var answer = bytes[..<used].drop(while: isBlank)
    while let last = answer.last, isBlank(last) { answer.removeLast() }
    return FileLocality(answer: String(decoding: answer, as: UTF8.self))
  }

  /// Asks for several files at once.
  ///
  /// - Parameters:
  ///   - paths: the files.
  ///   - eachAnswer: told of each answer as it comes, on the calling thread.
  /// - Returns: one answer per path, in their order.
  @discardableResult
  public func locate(_ paths: [String], eachAnswer: (Int, FileLocality) -> Void = { _, _ in }) -> [FileLocality] {
    let round = Round(paths, milliseconds: milliseconds)
    for _ in 0..<min(Self.mostAtOnce, paths.count) { round.startThread() }
    var answers = [FileLocality](repeating: .noAnswer, count: paths.count)
    for _ in paths.indices {
      let (number, locality) = round.next()
      answers[number] = locality
      eachAnswer(number, locality)
    }
    return answers
  }

  /// Asks for one file.
  public func locate(_ path: String) -> FileLocality { locate([path])[0] }
}

/// The queries of one call, shared with the threads that make them: whichever hangs keeps it alive.
private final class Round: @unchecked Sendable {
  // Unchecked: every variable is touched inside the monitor only.
  private let paths: [String]
  private let milliseconds: Int
  private let monitor = Monitor()
  private var nextPath = 0
  /// The queries that are out, and when their time is up.
  private var out: [Int: Deadline] = [:]
  private var answers: [(number: Int, locality: FileLocality)] = []

  init(_ paths: [String], milliseconds: Int) {
    self.paths = paths
    self.milliseconds = milliseconds
  }

  func startThread() {
    guard HangingThreads.shared.mayStart, Thread.start({ self.work() }) else {
      // No thread to be had: nobody can wait for what cannot be asked.
      refuseNext()
      return
    }
  }

  private func refuseNext() {
    monitor.withLock {
      guard nextPath < paths.count, out.isEmpty else { return }
      // Only when nobody is left who might take the rest.
      while nextPath < paths.count {
        answers.append((nextPath, .noAnswer))
        nextPath += 1
      }
      monitor.broadcast()
    }
  }

  /// Takes one path after the other, until there is none, or until this thread has been given up.
  private func work() {
    while let number = take() {
      let locality = LocalityQuery.ask(paths[number])
      let isWanted = monitor.withLock { () -> Bool in
        guard out.removeValue(forKey: number) != nil else { return false }
        answers.append((number, locality))
        monitor.broadcast()
        return true
      }
      guard isWanted else {
        HangingThreads.shared.hasReturned(from: paths[number])
        return
      }
    }
  }

  private func take() -> Int? {
    monitor.withLock {
      while nextPath < paths.count {
        defer { nextPath += 1 }
        // One thread that hangs in a query is enough: another would hang beside it.
        if HangingThreads.shared.hangs(in: paths[nextPath]) {
          answers.append((nextPath, .noAnswer))
          monitor.broadcast()
          continue
        }
        out[nextPath] = Deadline(milliseconds: milliseconds)
        return nextPath
      }
      return nil
    }
  }

  /// The next answer, or the next query whose time is up. To be called once per path.
  func next() -> (Int, FileLocality) {
    while true {
      let (answer, replaces) = monitor.withLock { () -> ((Int, FileLocality)?, Bool) in
        if !answers.isEmpty { return (answers.removeFirst(), false) }
        let soonest = out.min { $0.value.precedes($1.value) }
        guard let soonest else {
          // A thread is about to take the first one.
          _ = monitor.wait(until: Deadline(milliseconds: 100))
          return (nil, false)
        }
        guard !monitor.wait(until: soonest.value), answers.isEmpty else { return (nil, false) }
        guard out.removeValue(forKey: soonest.key) != nil else { return (nil, false) }
        // Before its thread can come back and take it out again.
        HangingThreads.shared.hasHung(in: paths[soonest.key])
        return ((soonest.key, .noAnswer), true)
      }
      // Somebody has to take what the thread that hangs cannot.
      if replaces { startThread() }
      if let answer { return answer }
    }
  }
}

/// The queries in which threads of this process hang, and nobody waits for them.
private final class HangingThreads: @unchecked Sendable {
  // Unchecked: the paths are touched inside the monitor only. It is entered from inside that of a round, never the other way.
  static let shared = HangingThreads()
  private let monitor = Monitor()
  private var paths: [String: Int] = [:]

  var mayStart: Bool { monitor.withLock { paths.count < LocalityQuery.mostHanging } }
  func hangs(in path: String) -> Bool { monitor.withLock { paths[path] != nil } }
  func hasHung(in path: String) { monitor.withLock { paths[path, default: 0] += 1 } }

  func hasReturned(from path: String) {
    monitor.withLock {
      let count = (paths[path] ?? 1) - 1
      paths[path] = count > 0 ? count : nil
    }
  }
}
