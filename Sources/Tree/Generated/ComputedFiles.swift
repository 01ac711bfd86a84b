internal import HDF5
internal import Synchronization
internal import Threads

/// Files whose size is known before they are made, and which take long to make: made when they are opened, once for all who open them at
/// the same time, and kept while there is room.
final class ComputedFiles: Sendable {
  typealias Cell = Once<Result<[UInt8], ReadError>>

  private struct Entry {
    let cell: Cell
    var bytes = 0
    var lastUse: UInt64
  }
  private struct State {
    var entries: [NodeKey: Entry] = [:]
    var bytes = 0
    var clock: UInt64 = 0
  }
  private let state = Mutex(State())
  /// Bytes of files that are kept.
  private static let mostBytes = 64 << 20

  /// - Throws: ``TreeError``; must-wait where it has to be made, and this thread must not wait.
  func bytes(
    of node: Node, _ make: @escaping @Sendable () throws(ReadError) -> [UInt8]
  ) throws(TreeError) -> [UInt8] {
    let key = NodeKey(node)
    let cell = state.withLock { state -> Cell in
      state.clock += 1
      if let known = state.entries[key] {
        state.entries[key]?.lastUse = state.clock
        return known.cell
      }
      let cell = Cell()
      state.entries[key] = Entry(cell: cell, lastUse: state.clock)
      return cell
    }
    if let known = cell.ifDone { return try reading { () throws(ReadError) in try known.get() } }
    let request = Request.current
    guard request.mayWait else { throw .mustWait }
    while true {
      // By this thread, with its caller's rights and its interruption; others that want the same wait for it.
      let made = cell.value(isInterrupted: request.isInterrupted) {
        do throws(ReadError) {
          return .success(try make())
        } catch {
          return .failure(error)
        }
      }
      guard let made else { throw .interrupted }
      // That the caller who made it was interrupted is no reason for those who waited.
      if case .failure(.passing(let error)) = made, error.cause == .interrupted, !request.isInterrupted() { continue }
      note(made, key, cell)
      return try reading { () throws(ReadError) in try made.get() }
    }
  }

  /// Counts what was made, and drops what was used least recently where that is too much. What could not be made is not kept.
  private func note(_ made: Result<[UInt8], ReadError>, _ key: NodeKey, _ cell: Cell) {
    state.withLock { state in
      // Another may have taken its place.
      guard state.entries[key]?.cell === cell else { return }
      guard case .success(let bytes) = made, bytes.count <= Self.mostBytes / 2 else {
        state.bytes -= state.entries.removeValue(forKey: key)?.bytes ?? 0
        return
      }
      guard let known = state.entries[key], known.bytes == 0 else { return }
      state.entries[key]?.bytes = bytes.count
      state.bytes += bytes.count
      while state.bytes > Self.mostBytes,
        let oldest = state.entries.filter({ $0.value.bytes > 0 && $0.key != key }).min(by: {
          $0.value.lastUse < $1.value.lastUse
        })
      {
        state.bytes -= oldest.value.bytes
        state.entries[oldest.key] = nil
      }
    }
  }
}
