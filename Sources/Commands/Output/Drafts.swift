internal import FUSE
internal import Glibc
internal import Synchronization
internal import Threads

/// What the process has begun to write and has not given its final name yet. Ctrl-C, SIGTERM and SIGHUP remove it before they
/// end the process.
final class Drafts: Sendable {
  static let shared = Drafts()

  /// One unfinished file or directory.
  struct Draft: Sendable {
    fileprivate let number: Int
    /// Where it lies until it is finished.
    let directory: OutputDirectory
    /// What it is called until then.
    let name: String
  }

  private struct State {
    var drafts: [Int: Draft] = [:]
    var next = 0
    /// How many steps are under way.
    var steps = 0
    /// A signal has come: no step may begin any more.
    var isEnding = false
  }

  private let state = Mutex(State())

  /// How long a signal waits for the steps under way: a store that hangs must not keep the process from ending.
  private static let patience = 2000

  // MARK: - Signals

  /// Makes the signals that end the process remove its drafts first. To be called before the process starts a thread: a signal must
  /// not find one that it can end the process in.
  func removeWhenInterrupted() {
    _ = Self.watch
    // A file that has grown to the limit of `ulimit -f` is an error of writing like any other.
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Once for the process.
  private static let watch: Bool = {
    // What is ignored, as SIGHUP is under nohup, goes on being ignored.
    let signals = [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let blocked = set
    return Thread.start {
      var blocked = blocked
      var number: Int32 = 0
      guard sigwait(&blocked, &number) == 0 else { return }
      // From here on the next one ends the process at once.
      for signal in signals { Glibc.signal(signal, SIG_DFL) }
      pthread_sigmask(SIG_UNBLOCK, &blocked, nil)
      shared.removeAll()
      // The parent is to see what ended the process.
      raise(number)
    }
  }()

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  /// Removes all drafts once nothing is made in them or renamed any more.
  private func removeAll() {
    state.withLock { $0.isEnding = true }
    for _ in 0..<Self.patience {
      let drafts = state.withLock { $0.steps == 0 ? Array($0.drafts.values) : nil }
      // What is not made in steps, as the example run, may have grown by a file meanwhile.
      if let drafts, drafts.count(where: { !Self.remove($0.name, in: $0.directory.descriptor) }) == 0 { return }
      usleep(1000)
    }
  }

  // MARK: - Drafts

  /// Makes a file or directory under a name that no other has, in the directory where it will have its final one.
  func make(in directory: OutputDirectory, _ make: (String) throws(Failure) -> Void) throws(Failure) -> Draft {
    // Random, so that programs on two machines do not get into each other's way in one directory.
    let name = ".xfelfs-\(String(UInt64.random(in: .min ... .max), radix: 36)).part"
    return try step { () throws(Failure) in
      try make(name)
      return add(name, in: directory)
    }
  }

  /// Takes what has just been made at a place for a draft. To be called in the step that has made it: a step of its own would not begin
  /// where a signal has come meanwhile, and the signal would wait for the one that it is in.
  func note(_ place: OutputPlace) -> Draft { add(place.name, in: place.directory) }

  private func add(_ name: String, in directory: OutputDirectory) -> Draft {
    state.withLock { state in
      state.next += 1
      let draft = Draft(number: state.next, directory: directory, name: name)
      state.drafts[draft.number] = draft
      return draft
    }
  }

  /// Has `rename` give a draft its final name; it is a draft no more if that succeeds.
  func publish(_ draft: Draft, _ rename: () throws(Failure) -> Void) throws(Failure) {
    try step { () throws(Failure) in
      try rename()
      state.withLock { _ = $0.drafts.removeValue(forKey: draft.number) }
    }
  }

  /// A draft that has become what it was to be under its own name.
  func release(_ draft: Draft) { step { state.withLock { _ = $0.drafts.removeValue(forKey: draft.number) } } }

  /// Removes a draft that has not been published; does nothing to one that has.
  func discard(_ draft: Draft) {
    step {
      guard state.withLock({ $0.drafts.removeValue(forKey: draft.number) }) != nil else { return }
      Self.remove(draft.name, in: draft.directory.descriptor)
    }
  }

  /// Whatever makes, renames or removes something in a draft: a signal waits for its end. Where one has come already this does not
  /// return, as the process is about to end.
  func step<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    while !mayBegin() { usleep(10_000) }
    defer { state.withLock { $0.steps -= 1 } }
    return try body()
  }

  private func mayBegin() -> Bool {
    state.withLock { state in
      if !state.isEnding { state.steps += 1 }
      return !state.isEnding
    }
  }

  /// Removes a file, or a directory with all that is in it; whether it is gone.
  @discardableResult
  private static func remove(_ name: String, in directory: Int32) -> Bool {
    if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return true }
    let inside = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inside >= 0 else { return false }
    guard let stream = fdopendir(inside) else {
      close(inside)
      return false
    }
    for name in SystemFile.names(reading: stream) { remove(name, in: inside) }
    closedir(stream)
    return unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT
  }
}
