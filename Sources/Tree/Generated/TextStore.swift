internal import ArrayIO
internal import HDF5
internal import Synchronization

/// The texts of the tree: made when somebody asks for their size or opens them.
///
/// A size has to be known before a text is read, so a text is often wanted twice in a row: the last few megabytes are kept, and
/// every size for good, so that it never changes.
final class TextStore: Sendable {
  private struct State {
    var sizes: [NodeKey: Int] = [:]
    var texts: [NodeKey: (bytes: [UInt8], lastUse: UInt64)] = [:]
    var bytes = 0
    var clock: UInt64 = 0
  }
  private let state = Mutex(State())
  private static let mostBytes = 16 << 20

  func size(
    of node: Node, _ make: () throws(ReadError) -> [UInt8]
  ) throws(ReadError) -> Int {
    if let size = state.withLock({ $0.sizes[NodeKey(node)] }) { return size }
    return try text(of: node, make).count
  }

  /// The text; two threads that ask at once may both make it, and make the same.
  func text(
    of node: Node, _ make: () throws(ReadError) -> [UInt8]
  ) throws(ReadError) -> [UInt8] {
    let key = NodeKey(node)
    let known = state.withLock { state -> [UInt8]? in
      state.clock += 1
      state.texts[key]?.lastUse = state.clock
      return state.texts[key]?.bytes
    }
    if let known { return known }
    let bytes = try make()
    state.withLock { state in
      state.sizes[key] = bytes.count
      guard state.texts[key] == nil, bytes.count <= Self.mostBytes / 4 else { return }
      state.texts[key] = (bytes, state.clock)
      state.bytes += bytes.count
      if state.bytes > Self.mostBytes { Self.dropOlderHalf(&state) }
    }
    return bytes
  }

  /// Half of the bytes at once, so that the sorting is paid for rarely.
  private static func dropOlderHalf(_ state: inout State) {
    for (node, text) in state.texts.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard state.bytes > mostBytes / 2 else { return }
      state.bytes -= text.bytes.count
      state.texts[node] = nil
    }
  }
}
