internal import HDF5
internal import Threads

/// A file that is made as a whole, in the background, because it needs more than one of the run's files: how it is made, and where it is
/// kept once it has been.
struct MadeText: Sendable {
  /// What could not be read is not kept: the next look at the file begins anew.
  typealias Cell = Once<Result<[UInt8], ReadError>>

  let cell: Cell
  let make: @Sendable () -> Result<[UInt8], ReadError>

  init(_ cell: Cell, _ make: @escaping @Sendable () throws(ReadError) -> [UInt8]) {
    self.cell = cell
    self.make = {
      do throws(ReadError) {
        return .success(try make())
      } catch {
        return .failure(error)
      }
    }
  }

  /// How long `stat` waits for it before it says 0, in milliseconds (TREE.md).
  private static let patience = 1000

  /// Has it made, by another thread.
  func start() { cell.start(make) }

  /// Its size; nil while it is being made.
  /// - Throws: ``TreeError``; must-wait where it is not there, and this thread must not wait.
  func size() throws(TreeError) -> Int? {
    let isWaiting = Request.current.mayWait
    guard
      let text = cell.value(
        within: isWaiting ? Self.patience : 0, isInterrupted: Request.current.isInterrupted, make)
    else {
      if isWaiting { return nil }
      throw .mustWait
    }
    return try reading { () throws(ReadError) in try text.get().count }
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
