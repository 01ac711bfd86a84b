/// What the current thread is working for: a request of the kernel, or a command of its own.
///
/// It is ambient because the question "may this wait?" arises at the bottom, where a file has to be asked, and its answer is known
/// at the top, where the kernel's request comes in. Between the two lie the tree, the reports and the run, which would all have to
/// carry it along; and one of them that forgot to would make a thread wait that has to answer everybody else.
public struct Request: Sendable {
  /// The process that asks, as far as the rights to files depend on it.
  public struct Caller: Hashable, Sendable {
    public var user: UInt32
    public var group: UInt32
    public var supplementaryGroups: [UInt32]

    public init(user: UInt32, group: UInt32, supplementaryGroups: [UInt32]) {
      self.user = user
      self.group = group
      self.supplementaryGroups = supplementaryGroups
    }
  }

  /// Whether this thread may wait for a file. Threads that answer the kernel may not: a store that hangs would stop them all.
  public var mayWait: Bool
  /// Whether the caller has been interrupted, by Ctrl-C for instance, and no longer wants the answer.
  public var isInterrupted: @Sendable () -> Bool
  /// nil where the rights are those of this process. The first look at it may cost one into /proc.
  public var caller: Caller? { findCaller() }
  private let findCaller: @Sendable () -> Caller?

  public init(
    mayWait: Bool = true, isInterrupted: @escaping @Sendable () -> Bool = { false },
    caller: @autoclosure @escaping @Sendable () -> Caller? = nil
  ) {
    self.mayWait = mayWait
    self.isInterrupted = isInterrupted
    findCaller = caller
  }

  /// The request that this thread works for; one that may wait where nothing else was said.
  @TaskLocal public static var current = Request()

  /// Has this thread work for the request while `body` runs.
  public func run<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    // `withValue` would throw any error.
    try Self.$current.withValue(self) { Swift.Result { () throws(Failure) in try body() } }.get()
  }

  /// Has this thread answer from memory while `body` runs, even where it works for a request that may wait.
  public static func withoutWaiting<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let request = current
    guard request.mayWait else { return try body() }
    return try Request(mayWait: false, caller: request.caller).run(body)
  }
}
