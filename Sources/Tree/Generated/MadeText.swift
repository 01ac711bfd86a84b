internal import HDF5
internal import Threads

/// A file that is made as a whole, in the background, because it needs more than one of the run's files: how it is made, and where it is
/// kept once it has been.
struct MadeText: Sendable {
  /// What could not be read is not kept: the next look at the file begins anew.
  typealias Cell = Once<Result<[UInt8], ReadError>>

  let cell: Cell
  let make: @Sendable () -> Result<[UInt8], ReadError>

  /// A number that changes while the run's files answer.
  private let progress: @Sendable () -> Int

  init(
    _ cell: Cell, progress: @escaping @Sendable () -> Int, _ make: @escaping @Sendable () throws(ReadError) -> [UInt8]
  ) {
    self.cell = cell
    self.progress = progress
    self.make = {
      do throws(ReadError) {
        return .success(try make())
      } catch {
        return .failure(error)
      }
    }
  }

  /// How long `stat` waits for it while no file answers, in milliseconds; then it says 0, and an archive has the file empty.
  private static let patience = 1000
  /// How many times as long where files do answer: 64 files on two cores that others use take two to three seconds.
  private static let mostPatience = 15

  /// Has it made, by another thread.
  func start() { cell.start(make) }

  /// Its size; nil while it is being made.
  /// - Throws: ``TreeError``; must-wait where it is not there, and this thread must not wait.
  func size() throws(TreeError) -> Int? {
    let isWaiting = Request.current.mayWait
    var before = progress()
    for _ in 0..<(isWaiting ? Self.mostPatience : 1) {
      let text = cell.value(
        within: isWaiting ? Self.patience : 0, isInterrupted: Request.current.isInterrupted, make)
      if let text { return try reading { () throws(ReadError) in try text.get().count } }
      let now = progress()
      if now == before || Request.current.isInterrupted() { break }
      before = now
    }
    if isWaiting { return nil }
    throw .mustWait
  }

  /// The text, waited for as long as it takes.
  /// - Throws: ``TreeError``.
  func bytes() throws(TreeError) -> [UInt8] {
    if !Request.current.mayWait {
      cell.start(make)
      guard let text = cell.ifDone else { throw .mustWait }
      return try reading { () throws(ReadError) in try text.get() }
    }
    while true {
      if let text = cell.value(within: 1000, isInterrupted: Request.current.isInterrupted, make) {
        return try reading { () throws(ReadError) in try text.get() }
      }
      if Request.current.isInterrupted() { throw .interrupted }
    }
  }
}

extension Once<Result<[UInt8], ReadError>> {
  convenience init() {
    self.init(keepingIf: { text in
      if case .failure(.passing) = text { return false }
      return true
    })
  }
}
