internal import Synchronization
internal import Threads

/// Checks whether the caller of the current request could open a file itself.
///
/// A mount of root that lets others in would otherwise read for them whatever root may read. Each file is opened once with the caller's
/// rights, and the answer is remembered for a few seconds: for that user with these groups, and for that file.
public final class FileAccessCheck: Sendable {
  typealias Ask = @Sendable (AccessTarget, Request.Caller) throws(AccessError) -> AccessAnswer

  private struct Remembered {
    var isAllowed: Bool
    var end: ContinuousClock.Instant
  }
  private struct State {
    var answers: [Request.Caller: [AccessTarget: Remembered]] = [:]
    /// How much is remembered, in answers.
    var load = 0
  }
  private let state = Mutex(State())
  private let capacity: Int
  private let ask: Ask
  private let now: @Sendable () -> ContinuousClock.Instant

  /// How long an answer counts: a `chmod` takes effect within this time.
  public static let lifetime = Duration.seconds(3)

  /// - Parameter isOnTape: whether opening a file would fetch it from tape. Must not wait.
  public convenience init(isOnTape: @escaping @Sendable (String) -> Bool = { _ in false }) {
    self.init(
      capacity: 1 << 16, now: { .now },
      ask: { target, caller throws(AccessError) in
        let isOnTape = target.use == .read && isOnTape(target.path)
        return try CallerRights.take(caller) { target.ask(isOnTape: isOnTape) }
      })
  }

  /// - Parameters:
  ///   - capacity: how many answers are remembered at most, of about 100 bytes each.
  ///   - now: the clock.
  ///   - ask: asks the file system, with the caller's rights.
  init(capacity: Int, now: @escaping @Sendable () -> ContinuousClock.Instant, ask: @escaping Ask) {
    self.capacity = capacity
    self.ask = ask
    self.now = now
  }

  /// How many answers are remembered, aged ones among them.
  var rememberedCount: Int { state.withLock { $0.answers.values.reduce(0) { $0 + $1.count } } }

  /// Checks that the caller of the current request may use all of the targets. Root may.
  ///
  /// - Throws: ``AccessError``: for a caller that is not known, too.
  public func check(_ targets: some Collection<AccessTarget>) throws(AccessError) {
    guard let caller = Request.current.caller else {
      throw .noRights(user: .max, reason: "the caller of this request is not known")
    }
    try check(targets, by: caller, mayWait: Request.current.mayWait)
  }

  /// Why the caller of the current request may not read a file; nil where it may, and where the request has no caller but this process.
  /// May wait for the file system, whatever the request says.
  ///
  /// - Parameter identity: of the file that this process has opened at the path, where it has. Without it the owner of a directory on
  ///   the way could have the caller asked about one file, and this process open another.
  public func obstacle(toReading path: String, identity: AccessTarget.Identity? = nil) -> String? {
    guard let caller = Request.current.caller else { return nil }
    do throws(AccessError) {
      try check(CollectionOfOne(AccessTarget(path, for: .read, identity: identity)), by: caller, mayWait: true)
      return nil
    } catch {
      return error.description
    }
  }

  private func check(
    _ targets: some Collection<AccessTarget>, by caller: Request.Caller, mayWait: Bool
  ) throws(AccessError) {
    // Root reads whatever this process reads.
    guard caller.user != 0 else { return }
    for target in try unknown(targets, of: caller) {
      guard mayWait else { throw .mustWait }
      guard !Request.current.isInterrupted() else { throw .interrupted }
      switch try ask(target, caller) {
      case .allowed: remember(true, target, caller)
      case .denied:
        remember(false, target, caller)
        throw .denied(path: target.path, user: caller.user)
      // These may pass.
      case .changed: throw .changed(path: target.path)
      case .failed(let errno): throw .failed(path: target.path, errno: errno)
      }
    }
  }

  /// The targets that nothing is remembered of.
  /// - Throws: ``AccessError/denied(path:user:)`` where one of the others is known to be closed.
  private func unknown(
    _ targets: some Collection<AccessTarget>, of caller: Request.Caller
  ) throws(AccessError) -> [AccessTarget] {
    let now = now()
    let answers = state.withLock { state -> [Remembered?] in
      guard let known = state.answers[caller] else { return targets.map { _ in nil } }
      return targets.map { known[$0] }
    }
    var unknown: [AccessTarget] = []
    for (target, answer) in zip(targets, answers) {
      guard let answer, answer.end > now else {
        unknown.append(target)
        continue
      }
      guard answer.isAllowed else { throw .denied(path: target.path, user: caller.user) }
    }
    return unknown
  }

  private func remember(_ isAllowed: Bool, _ target: AccessTarget, _ caller: Request.Caller) {
    let now = now()
    state.withLock { state in
      if state.load >= capacity { Self.makeRoom(&state, capacity, now) }
      if state.answers[caller] == nil { state.load += Self.load(of: caller) }
      let former = state.answers[caller, default: [:]].updateValue(
        Remembered(isAllowed: isAllowed, end: now + Self.lifetime), forKey: target)
      if former == nil { state.load += 1 }
    }
  }

  /// Forgets what has aged; and everything where that is not enough: it is only asked again.
  private static func makeRoom(_ state: inout State, _ capacity: Int, _ now: ContinuousClock.Instant) {
    state.answers = state.answers.mapValues { $0.filter { $0.value.end > now } }.filter { !$0.value.isEmpty }
    state.load = state.answers.reduce(0) { $0 + load(of: $1.key) + $1.value.count }
    if state.load >= capacity / 2 { state = State() }
  }

  /// A process can be in 65,536 groups.
  private static func load(of caller: Request.Caller) -> Int { caller.supplementaryGroups.count / 25 }
}
